"""A category's listing ranked anew by one good that a visit has looked at: how high what was bought next stands.

A receipt's goods of one category stand for a visit of it: one was looked at, the others were bought. The baseline is
the same listing by popularity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import DataError
from pipelines.models.attributes import attributes_of
from pipelines.models.first_visit.score import FirstVisit
from pipelines.models.lines import Frame, Lines, day_number

K, CASES = 10, 2_000
OURS, POPULARITY = "first_visit", "popularity within the category"


@dataclass(frozen=True)
class Visit:
    """One visit of a category.

    Args:
        seen: The good that was looked at.
        listing: The category's other goods that were sold before the split, by their ids.
        bought: What else of them the receipt holds.
    """

    seen: Any
    listing: Sequence[Any]
    bought: frozenset[Any]


def visits(lines: Lines, products: Frame, split: date, cases: int = CASES) -> list[Visit]:
    """Some visits of the days from `split` on.

    Raises:
        DataError: since the split no receipt holds two known goods of one category.
    """
    first = day_number(split)
    category = attributes_of(products, lines.product_ids).codes.get("category")
    if category is None:
        raise DataError("The catalogue names no category", remedy="Land products with categories.")
    ids = lines.product_ids.to_pylist()
    known = np.unique(lines.product[lines.day < first])
    sold = np.zeros(len(ids), dtype=bool)
    sold[known] = category[known] >= 0
    rows = np.flatnonzero((lines.day >= first) & sold[lines.product])
    visit = lines.basket[rows] * (int(category.max()) + 1) + category[lines.product[rows]]
    _, count = np.unique(visit, return_counts=True)
    rows = rows[np.argsort(visit, kind="stable")]
    start = np.cumsum(count) - count
    wide = np.flatnonzero(count > 1)
    if not len(wide):
        raise DataError(
            f"No receipt from {split} on holds two goods of one category that were sold before",
            remedy="Train again when there are some.",
        )
    draws, found = np.random.default_rng(7), []
    for place in np.sort(draws.choice(wide, min(cases, len(wide)), replace=False)):
        goods = lines.product[rows[start[place] : start[place] + count[place]]]
        seen = int(draws.choice(goods))
        shown = known[category[known] == category[seen]]
        found.append(
            Visit(
                ids[seen],
                [ids[good] for good in shown if good != seen],
                frozenset(ids[good] for good in goods if good != seen),
            )
        )
    return found


def measured(model: FirstVisit, asked: Sequence[Visit]) -> Mapping[str, NDArray[np.float64]]:
    """nDCG@10 of each visit by ranking."""
    ours = [ndcg(model.rerank(one.listing, model.interest_of([one.seen])), one.bought) for one in asked]
    popular = [ndcg(model.rerank(one.listing, {}), one.bought) for one in asked]
    return {OURS: np.array(ours), POPULARITY: np.array(popular)}


def ndcg(ranking: Sequence[Any], targets: Set[Any]) -> float:
    """nDCG@10, ideal over all targets: of the ranking (a, b) and the target b, 1 / log2(3) = .63."""
    discount = 1 / np.log2(np.arange(2, K + 2))
    hits = np.array([good in targets for good in ranking[:K]], dtype=float)
    return float(hits @ discount[: len(hits)] / discount[: min(K, len(targets))].sum())
