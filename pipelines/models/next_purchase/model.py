"""`fit` and what it gives: the goods each customer will most likely buy on the next visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa

from pipelines.errors import DataError
from pipelines.models.lines import Frame, arrow, day_number, places, read
from pipelines.models.next_purchase.candidates import weighed
from pipelines.models.next_purchase.features import Pairs
from pipelines.models.next_purchase.market import Market, market, references
from pipelines.models.next_purchase.train import BLOCK, Params, Trees, examples, learned
from pipelines.models.next_purchase.visits import Ints, Purchases, purchased, purchases

AGAIN = "You bought this before."
EVERY = "You buy this about every {} days."
LIKE_YOU = "Others who shop like you often buy this."
POPULAR = "Popular with our customers."


@dataclass(frozen=True)
class Ranker:
    """What was learned; all that scoring needs beside a customer's own purchases.

    Args:
        as_of: The day it was fitted for: it has seen earlier days only.
        goods: Ids, ascending, as Arrow.
        market: Of the goods.
        references: Ids of the customers in the rows of `market.tastes`: nobody is their own neighbour.
        trees: Give the chance of a candidate.
    """

    as_of: date
    goods: pa.Array
    market: Market
    references: pa.Array
    trees: Trees

    def ranked(
        self, purchases: Purchases, ids: pa.Array, *, k: int, barred: Ints | None = None
    ) -> pd.DataFrame:
        """`customer_id, rank, product_id, score, reason`: the k best goods of each customer.

        Args:
            purchases: Of the customers; one without any gets what is popular.
            ids: The customers.
            k: How many.
            barred: Positions of goods that are not offered; null: all are.
        """
        parts = []
        for first in range(0, len(ids), BLOCK):
            last = min(first + BLOCK, len(ids))
            parts.append(self._of_block(purchases.of(first, last), ids[first:last], k, barred))
        return pd.concat(parts, ignore_index=True)

    def _of_block(self, purchases: Purchases, ids: pa.Array, k: int, barred: Ints | None) -> pd.DataFrame:
        pairs = weighed(purchases, self.market, themselves=places(ids, self.references))
        stranger = purchases.visits_of[pairs.customer] == 0  # of whom the trees have seen none
        score = np.where(stranger, self.market.shares[1][pairs.good], self.trees.chance(pairs.values))
        offered = np.ones(len(pairs.good), dtype=bool)
        if barred is not None:
            offered = ~np.isin(pairs.good, barred)
        order = np.lexsort((pairs.good, -score, pairs.customer))
        order = order[offered[order]]
        customer = pairs.customer[order]
        place = np.arange(len(order)) - np.searchsorted(customer, customer)
        best = order[place < k]
        return pd.DataFrame(
            {
                "customer_id": ids.take(pa.array(pairs.customer[best])).to_pandas(),
                "rank": place[place < k] + 1,
                "product_id": self.goods.take(pa.array(pairs.good[best])).to_pandas(),
                "score": score[best],
                "reason": _reasons(pairs, best, purchases),
            }
        )


@dataclass(frozen=True)
class NextPurchase:
    """A ranker with the customers it was fitted on.

    Args:
        ranker: What was learned.
        customers: Ids, ascending.
        known: Their purchases.
    """

    ranker: Ranker
    customers: pa.Array
    known: Purchases

    def rank(self, customers: Sequence[object], k: int = 20, *, clock: Ints | None = None) -> pd.DataFrame:
        """`customer_id, rank, product_id, score, reason`: the k goods each customer will likeliest buy next.

        Repeated and new goods stand in one ranking. A customer without purchases gets what is popular, and the
        reason says so.

        Args:
            customers: Ids, each once.
            k: How many goods.
            clock: Of each customer the day for which is asked; null: the model's `as_of`.
        """
        ids = pa.array(customers)
        of = places(self.customers, ids)[self.known.customer]  # of each row the place of its customer asked
        rows = np.flatnonzero(of >= 0)
        day = np.full(len(ids), day_number(self.ranker.as_of)) if clock is None else clock
        asked = purchased(of[rows], self.known.good[rows], self.known.day[rows], day).before(day)
        return self.ranker.ranked(asked, ids, k=k)


def fit(
    lines: Frame, *, as_of: date, goods: Frame | None = None, params: Params | None = None
) -> NextPurchase:
    """Learn from the lines before `as_of`, and from no later one.

    Args:
        lines: `customer_id, basket_id, purchased_at, product_id, quantity`, of pandas, Arrow or an engine.
        as_of: The day for which is foreseen.
        goods: `product_id, category, product_type`, what the catalogue says; null: each good is of its own kind.
        params: Of the training; null: the defaults.

    Raises:
        DataError: nothing was bought before `as_of`, or nobody came back to be learned from.
    """
    found = read(lines, as_of=as_of)
    known = purchases(found)
    kind, category = kinds(found.product_ids, goods)
    ranker = learn(known, found.customer_ids, found.product_ids, kind, category, as_of=as_of, params=params)
    return NextPurchase(ranker, found.customer_ids, known)


def learn(
    known: Purchases,
    customers: pa.Array,
    goods: pa.Array,
    kind: Ints,
    category: Ints,
    *,
    as_of: date,
    params: Params | None = None,
) -> Ranker:
    """Fit on purchases as arrays; see `fit`."""
    params = params or Params()
    asked = examples(known, len(goods), kind, category, params)
    if not asked:
        raise DataError(
            f"Before {as_of} no customer with three visits came back, so there is nothing to learn from",
            remedy="Ask for a later as_of, or give earlier lines.",
        )
    return Ranker(
        as_of=as_of,
        goods=goods,
        market=market(known, len(goods), kind, category, seed=params.seed),
        references=customers.take(pa.array(references(known.customers))),
        trees=learned(asked, params),
    )


def kinds(ids: pa.Array, goods: Frame | None) -> tuple[Ints, Ints]:
    """Of each good the numbers of its kind and of its category; null: each good is of its own kind."""
    if goods is None:
        return np.arange(len(ids)), np.zeros(len(ids), dtype=np.int64)
    catalogue = arrow(goods, ("product_id", "category", "product_type"))
    place = places(ids, catalogue["product_id"].combine_chunks())
    of = catalogue.take(pa.array(place, mask=place < 0)).to_pandas()
    category = of["category"].fillna("")
    kind = category + "/" + of["product_type"].fillna("")
    return pd.factorize(kind, sort=True)[0].astype(np.int64), pd.factorize(category, sort=True)[0].astype(
        np.int64
    )


def _reasons(pairs: Pairs, best: Ints, purchases: Purchases) -> list[str]:
    interval = pairs.column("interval")[best]
    strangers = purchases.visits_of[pairs.customer[best]] == 0
    known = zip(pairs.own[best], interval, strangers, strict=True)
    return [
        POPULAR
        if stranger
        else LIKE_YOU
        if not own
        else AGAIN
        if np.isnan(days)
        else EVERY.format(max(1, round(days)))
        for own, days, stranger in known
    ]
