"""Leave one good of a receipt out, name ten by the others: recall@10 of `related`, item-kNN and popularity."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags

from benchmarks.journey import journey, table
from pipelines.models.lines import Codes, Lines, places, read
from pipelines.models.related.score import best_related
from pipelines.models.related.train import RelatedParams, of_lines

SPLIT, END, CASES, K = date(2017, 12, 1), date(2018, 1, 1), 5_000, 10


def related(
    split: date = SPLIT, end: date = END, cases: int = CASES, params: RelatedParams | None = None
) -> dict[str, Any]:
    """Fitted on all receipts before the split; asked of receipts after it with two known goods or more."""
    lines, _ = journey()
    known = read(lines, as_of=split)
    held, target, customers = left_out(known, lines, split, end, cases)
    started = time.monotonic()
    model = of_lines(known, params or RelatedParams())
    fitted = time.monotonic() - started
    goods = len(known.product_ids)
    pairs = model.together
    scores = {
        "related": csr_matrix((pairs.score, (pairs.product, pairs.other)), shape=(goods, goods)),
        "item-kNN (cosine, 100 neighbours)": cosine(known.baskets, 100),
        "item-kNN (cosine, all)": cosine(known.baskets, goods),
        "popularity": csr_matrix((goods, goods)),
    }
    hits = {name: hit(matrix, held, model.buyers, target) for name, matrix in scores.items()}
    return {
        "cases": len(target),
        "goods": goods,
        "rows": table(hits, customers, "related"),
        "fit_seconds": fitted,
        "pairs": len(pairs.product),
        "after": len(model.after.product),
        "command": "python -m benchmarks --only related",
    }


def left_out(
    known: Lines, lines: pd.DataFrame, split: date, end: date, cases: int
) -> tuple[csr_matrix, Codes, NDArray[Any]]:
    """Of some later receipts the known goods but one, that one, and whose the receipt is."""
    later = read(lines[lines["purchased_at"] >= pd.Timestamp(split)], as_of=end)
    good = places(later.product_ids, known.product_ids)[later.product]
    basket, customer, good = later.basket[good >= 0], later.customer[good >= 0], good[good >= 0]
    draws = np.random.default_rng(7)
    wide = np.flatnonzero(np.bincount(basket) > 1)
    chosen = np.sort(draws.choice(wide, min(cases, len(wide)), replace=False))
    inside = np.isin(basket, chosen)
    basket, customer, good = np.searchsorted(chosen, basket[inside]), customer[inside], good[inside]
    order = np.lexsort((draws.random(len(basket)), basket))  # the first of each receipt is left out
    first = np.zeros(len(order), dtype=bool)
    first[order[np.searchsorted(basket[order], np.arange(len(chosen)))]] = True
    shape = (len(chosen), len(known.product_ids))
    held = csr_matrix((np.ones(int((~first).sum())), (basket[~first], good[~first])), shape=shape)
    by_basket = np.argsort(basket[first], kind="stable")
    return held, good[first][by_basket], customer[first][by_basket]


def cosine(baskets: csr_matrix, neighbours: int) -> csr_matrix:
    """Item-kNN: cosine of the goods' receipts, each good's nearest kept, as implicit's `CosineRecommender` has it."""
    count = np.maximum(baskets.getnnz(axis=0), 1)
    unit = (baskets.astype(np.float64) @ diags(count**-0.5)).tocsc()
    found = []
    for start in range(0, unit.shape[1], 2048):
        near = (unit[:, start : start + 2048].T @ unit).tocoo()
        row, apart = near.row + start, near.row + start != near.col
        row, column, value = row[apart], near.col[apart], near.data[apart]
        order = np.lexsort((column, -value, row))
        kept = order[np.arange(len(order)) - np.searchsorted(row[order], row[order]) < neighbours]
        found.append((row[kept], column[kept], value[kept]))
    row, column, value = map(np.concatenate, zip(*found, strict=True))
    return csr_matrix((value, (row, column)), shape=(unit.shape[1],) * 2)


def hit(scores: csr_matrix, held: csr_matrix, buyers: Codes, target: Codes) -> NDArray[np.float64]:
    """Whether the good left out is among the ten best."""
    best, _, _ = best_related(scores, held, buyers, K)
    return (best == target[:, np.newaxis]).any(axis=1).astype(np.float64)


def tuned(split: date = date(2017, 11, 1), end: date = SPLIT) -> Mapping[str, float]:
    """Recall@10 by alpha and beta on an earlier month, by which the defaults were chosen."""
    return {
        f"alpha {alpha}, beta {beta}": related(split, end, 2_000, RelatedParams(alpha=alpha, beta=beta))[
            "rows"
        ][0]["mean"]
        for alpha in (0.4, 0.5, 0.6)
        for beta in (0.0, 0.1, 0.2)
    }
