"""One good of a later receipt is left out, and foreseen by the others: the hit@10 of the relations and of baselines.

The relations know receipts before a split by time; asked are receipts after it that hold two known goods or more.
`repeat` are the cases in which the customer had bought the good before the split, `explore` the others. The baselines
are item-kNN (cosine of the goods' receipts, each good's 100 nearest) and popularity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags

from pipelines.errors import DataError
from pipelines.models.gate import Measured
from pipelines.models.lines import ANONYMOUS, Codes, Lines, places, read
from pipelines.models.related.score import Related, best_related

K, CASES, NEIGHBOURS = 10, 5_000, 100
OURS, ITEM_KNN, POPULARITY = "related", "item-kNN", "popularity"
BASELINES = (ITEM_KNN, POPULARITY)


@dataclass(frozen=True)
class Cases:
    """Receipts of which one good is left out, by receipt.

    Args:
        held: Receipts x known goods, 1 where the receipt holds the good and it is not the one left out.
        target: The good left out.
        customer: Whose the receipt is, as a code; `ANONYMOUS` where nobody was known.
        repeat: Whether the customer had bought the target before.
    """

    held: csr_matrix
    target: Codes
    customer: NDArray[np.int64]
    repeat: NDArray[np.bool_]


def left_out(known: Lines, lines: pa.Table, split: date, end: date, cases: int = CASES) -> Cases:
    """Of some receipts of days from `split` until before `end`, the known goods and the one left out.

    Args:
        known: The lines before the split.
        lines: All lines, as `lines.read` takes them.
        split: The first day that is asked about.
        end: The first day that is not looked at.
        cases: At most so many receipts.

    Raises:
        DataError: no receipt since the split holds two known goods.
    """
    since = pc.greater_equal(lines["purchased_at"].cast(pa.date32()), pa.scalar(split))
    later = read(lines.filter(since), as_of=end)
    good = places(later.product_ids, known.product_ids)[later.product]
    whose = np.append(places(later.customer_ids, known.customer_ids), ANONYMOUS)[later.customer]
    basket, customer, good = later.basket[good >= 0], whose[good >= 0], good[good >= 0]
    draws = np.random.default_rng(7)
    wide = np.flatnonzero(np.bincount(basket) > 1)
    if not len(wide):
        raise DataError(
            f"No receipt from {split} on holds two goods that were sold before",
            remedy="Train again when there are some, or shorten related.holdout_days.",
        )
    chosen = np.sort(draws.choice(wide, min(cases, len(wide)), replace=False))
    inside = np.isin(basket, chosen)
    basket, customer, good = np.searchsorted(chosen, basket[inside]), customer[inside], good[inside]
    order = np.lexsort((draws.random(len(basket)), basket))  # the first of each receipt is left out
    first = np.zeros(len(order), dtype=bool)
    first[order[np.searchsorted(basket[order], np.arange(len(chosen)))]] = True
    shape = (len(chosen), len(known.product_ids))
    held = csr_matrix((np.ones(int((~first).sum())), (basket[~first], good[~first])), shape=shape)
    by_basket = np.argsort(basket[first], kind="stable")
    target, owner = good[first][by_basket], customer[first][by_basket]
    goods = len(known.product_ids)
    repeat = np.isin(owner * goods + target, known.customer * goods + known.product) & (owner != ANONYMOUS)
    return Cases(held, target, owner, repeat)


def hits(model: Related, known: Lines, cases: Cases) -> Mapping[str, NDArray[np.float64]]:
    """By ranking, 1 for each case whose good is among the ten best, 0 for the others."""
    goods = len(known.product_ids)
    scores: dict[str, csr_matrix] = {
        OURS: model.matrix("together"),
        ITEM_KNN: cosine(known.baskets, NEIGHBOURS),
        POPULARITY: csr_matrix((goods, goods)),
    }
    return {name: hit(matrix, cases, model.buyers) for name, matrix in scores.items()}


def measured(of: NDArray[np.float64], cases: Cases) -> Measured:
    """A ranking's hits as the gate reads them; the "persons" of a part are its cases."""
    return Measured(
        {"repeat": np.where(cases.repeat, of, np.nan), "explore": np.where(cases.repeat, np.nan, of)}
    )


def hit(scores: csr_matrix, cases: Cases, buyers: Codes) -> NDArray[np.float64]:
    """Whether the good left out is among the ten best."""
    best, _, _ = best_related(scores, cases.held, buyers, K)
    found: NDArray[np.float64] = (best == cases.target[:, np.newaxis]).any(axis=1).astype(np.float64)
    return found


def cosine(baskets: csr_matrix, neighbours: int) -> csr_matrix:
    """Item-kNN: cosine of the goods' receipts, each good's nearest kept, as implicit's `CosineRecommender` has it."""
    count = np.maximum(baskets.getnnz(axis=0), 1)
    unit = (baskets.astype(np.float64) @ diags(count**-0.5)).tocsc()
    found: list[tuple[NDArray[Any], ...]] = []
    for start in range(0, unit.shape[1], 2048):
        near = (unit[:, start : start + 2048].T @ unit).tocoo()
        row, apart = near.row + start, near.row + start != near.col
        row, column, value = row[apart], near.col[apart], near.data[apart]
        order = np.lexsort((column, -value, row))
        kept = order[np.arange(len(order)) - np.searchsorted(row[order], row[order]) < neighbours]
        found.append((row[kept], column[kept], value[kept]))
    row, column, value = map(np.concatenate, zip(*found, strict=True))
    return csr_matrix((value, (row, column)), shape=(unit.shape[1],) * 2)
