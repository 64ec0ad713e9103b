"""Counting: with what probability somebody who has shown an interest takes each good.

A receipt stands for a visit: each good in it, looked at, shows an interest in its category, type, brand and price band,
and every other good of the receipt is what that interest led to. Over the receipts of the last `window_days`,

    n(c, g) = sum over receipts with g of the receipt's other goods of context c
    P(g | c) = (n(c, g) + PRIOR * P(g)) / (sum over g of n(c, g) + PRIOR),   P(g) = receipts of g / all of these

P(g) is popularity with a time window, and what is ranked by where no interest is known. Receipts without a known person
count: a first visit has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from scipy.sparse import csr_matrix

from pipelines.errors import DataError
from pipelines.models.attributes import attributes_of
from pipelines.models.first_visit.score import FirstVisit
from pipelines.models.lines import Frame, Lines, read
from pipelines.models.related.features import capped

PRIOR = 50.0


@dataclass(frozen=True)
class FirstVisitParams:
    """How far back is counted, and how much is kept.

    Args:
        window_days: Receipts of so many days before `as_of` count.
        per_context: Goods kept for each context, and of the popular ones ten times as many.
        max_goods: Of a receipt's goods at most so many are counted, those that fewest receipts hold.
        min_seen: A context is kept that at least so many goods of receipts have shown.
        driver_rows: Of more lines than these a sample of the receipts is counted.
    """

    window_days: int = 56
    per_context: int = 300
    max_goods: int = 100
    min_seen: int = 20
    driver_rows: int = 20_000_000


def fit(
    lines: Frame, *, as_of: date, products: Frame | None = None, params: FirstVisitParams | None = None
) -> FirstVisit:
    """Count the receipts of the last days before `as_of`.

    Args:
        lines: `customer_id, basket_id, purchased_at, product_id, quantity`.
        as_of: The first day that is not looked at.
        products: `product_id` and any of `attributes.ATTRIBUTES`; null, or without attributes: there are no contexts,
            and every ranking is by popularity.
        params: Null: the defaults.

    Raises:
        DataError: see `lines.read`; or nothing was bought within the window.
    """
    asked, known = params or FirstVisitParams(), read(lines, as_of=as_of)
    held = capped(_lately(known, asked.window_days), asked.max_goods)
    receipts = held.getnnz(axis=0).astype(np.float64)
    if not receipts.any():
        raise DataError(
            f"Nothing was bought in the {asked.window_days} days before {as_of}",
            remedy="Ask for an as_of that the receipts reach, or a longer window_days.",
        )
    fame = receipts / receipts.sum()
    ids, contexts = known.product_ids.to_pylist(), {}
    attributes = attributes_of(products, known.product_ids)
    for attribute in attributes.codes:
        member = attributes.matrix(attribute)
        counts = csr_matrix((held @ member).T @ held - _own(held, member))  # less the good itself
        seen = np.asarray(counts.sum(axis=1)).ravel()
        for place in np.flatnonzero(seen >= asked.min_seen):
            value = attributes.names[attribute][int(place)].as_py()
            row = counts.indices[counts.indptr[place] : counts.indptr[place + 1]]
            number = counts.data[counts.indptr[place] : counts.indptr[place + 1]]
            chance = (number + PRIOR * fame[row]) / (seen[place] + PRIOR)
            best = np.lexsort((row, -chance))[: asked.per_context]
            best = best[chance[best] > 0]
            rest = PRIOR / (seen[place] + PRIOR)
            contexts[(attribute, str(value))] = (
                rest,
                {ids[good]: _short(p) for good, p in zip(row[best], chance[best], strict=True)},
            )
    popular = np.lexsort((np.arange(len(fame)), -fame))[: 10 * asked.per_context]
    goods = {ids[good]: float(fame[good]) for good in popular if fame[good] > 0}
    kinds = {
        good: {
            name: str(attributes.names[name][int(codes[place])].as_py())
            for name, codes in attributes.codes.items()
            if codes[place] >= 0
        }
        for place, good in enumerate(ids)
        if receipts[place]
    }
    return FirstVisit(known.as_of, goods, contexts, kinds)


def _short(chance: float) -> float:
    """To six digits, which keep the file small; further ones tell no goods apart."""
    return float(f"{chance:.6g}")


def _lately(lines: Lines, window_days: int) -> csr_matrix:
    """Baskets x goods of the window."""
    late = lines.day >= lines.as_of_day - window_days
    shape = (len(lines.basket_ids), len(lines.product_ids))
    ones = np.ones(int(late.sum()), dtype=np.int64)
    return csr_matrix((ones, (lines.basket[late], lines.product[late])), shape=shape)


def _own(held: csr_matrix, member: csr_matrix) -> csr_matrix:
    """Contexts x goods: the receipts of each good, where it is itself of the context."""
    receipts = held.getnnz(axis=0).astype(np.int64)
    own = csr_matrix(member.T).copy()
    own.data = receipts[own.indices]
    return own
