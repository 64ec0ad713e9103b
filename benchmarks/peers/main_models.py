"""The models of `main_duckdb`, on sparse matrices: implicit ALS, and goods that go together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

ROWS_AT_ONCE = 512
Ranking = NDArray[np.int64]
Scores = NDArray[np.float64]


def coded(values: pa.ChunkedArray, known: pa.Array | None = None) -> tuple[pa.Array, Ranking]:
    """Each value once, ascending, and of each row its place; -1 where `known` is given and lacks it."""
    if known is None:
        found = pc.unique(values)
        known = found.take(pc.sort_indices(found))
    return known, pc.index_in(values, value_set=known).fill_null(-1).to_numpy().astype(np.int64)


def fitted(strengths: csr_matrix, of: dict[str, Any]) -> Any:
    """Implicit ALS. Its penalty is one number for all rows, where tillpost's is weighted by a row's observations."""
    from implicit.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(
        factors=of["rank"],
        regularization=of["regularization"],
        alpha=of["alpha"],
        iterations=of["iterations"],
        random_state=of["seed"] % 2**31,
    )
    model.fit(strengths.astype(np.float32), show_progress=False)
    return model


def ndcg(best: Ranking, targets: csr_matrix) -> float:
    """Mean nDCG of the rankings, of binary gain; places of -1 hold nothing.

    >>> round(ndcg(np.array([[2, 1, 0]]), csr_matrix(np.array([[1, 0, 1]]))), 4)
    0.9197
    """
    hits = np.asarray(targets[np.arange(len(best))[:, np.newaxis], np.maximum(best, 0)].todense()) > 0
    discount = 1.0 / np.log2(np.arange(2, best.shape[1] + 2))
    ideal = np.cumsum(discount)[np.minimum(targets.getnnz(axis=1), best.shape[1]) - 1]
    return float(((hits & (best >= 0)) @ discount / ideal).mean())


def related_goods(held: csr_matrix, of: dict[str, Any]) -> csr_matrix:
    """Goods x goods: of each good the best others by a walk over the receipts that hold both (RP3beta).

    `sum over receipts with both of 1 / (goods of the receipt) / n(i)**alpha / n(j)**beta`; of a long receipt only the
    goods that fewest receipts hold are counted, and a good of too many receipts names none.

    >>> receipts = csr_matrix(np.array([[1, 1], [1, 1], [0, 1]]))
    >>> of = {"alpha": 1.0, "beta": 0.0, "neighbours": 9, "min_support": 2, "max_goods": 9, "max_share": 0.9}
    >>> related_goods(receipts, of).toarray().tolist()
    [[0.0, 0.5], [0.0, 0.0]]
    """
    row, column = held.nonzero()
    order = np.lexsort((column, held.getnnz(axis=0)[column], row))
    kept = order[np.arange(len(order)) - np.searchsorted(row, row) < of["max_goods"]]
    ones = np.ones(len(kept), dtype=np.int64)
    left = csr_matrix((ones, (row[kept], column[kept])), shape=held.shape)
    goods, sizes = left.shape[1], left.getnnz(axis=1)
    right = left.copy()
    right.data = np.repeat(10**9 // np.maximum(sizes, 1), sizes).astype(np.int64)
    named, count = left.tocsc(), left.getnnz(axis=0).astype(np.int64)
    found = []
    for start in range(0, goods, ROWS_AT_ONCE):
        some = csr_matrix(named[:, start : start + ROWS_AT_ONCE].T)
        support, weight = csr_matrix(some @ left), csr_matrix(some @ right)
        support.sort_indices()
        weight.sort_indices()
        i = np.repeat(np.arange(support.shape[0]), np.diff(support.indptr)) + start
        j = support.indices.astype(np.int64)
        fits = (i != j) & (support.data >= of["min_support"]) & (count[i] <= of["max_share"] * left.shape[0])
        i, j, value = i[fits], j[fits], weight.data[fits] / 1e9
        found.append(
            first_of(i, j, value / count[i] ** of["alpha"] / count[j] ** of["beta"], of["neighbours"])[:3]
        )
    i, j, score = map(np.concatenate, zip(*found, strict=True))
    return csr_matrix((score, (i, j)), shape=(goods, goods))


def first_of(
    row: Ranking, column: Ranking, score: Scores, k: int
) -> tuple[Ranking, Ranking, Scores, Ranking]:
    """Of each row the k cells of the largest score, best first, and the place of each from 0. Ties by column."""
    order = np.lexsort((column, -score, row))
    place = np.arange(len(order)) - np.searchsorted(row[order], row[order])
    kept, place = order[place < k], place[place < k]
    return row[kept], column[kept], score[kept], place


def best_of(scores: csr_matrix, held: csr_matrix, k: int) -> tuple[Ranking, Scores]:
    """Of each row of `held` the k goods that its goods name the most, and not one of them; -1 where there are fewer."""
    best, values = np.full((held.shape[0], k), -1), np.zeros((held.shape[0], k))
    for start in range(0, held.shape[0], ROWS_AT_ONCE):
        some = held[start : start + ROWS_AT_ONCE]
        named = csr_matrix(some @ scores)
        fresh = csr_matrix(named - named.multiply(some > 0))
        fresh.eliminate_zeros()
        cells = fresh.tocoo()
        row, column, score, place = first_of(cells.row, cells.col.astype(np.int64), cells.data, k)
        best[start + row, place], values[start + row, place] = column, score
    return best, values


def ones(row: Ranking, column: Ranking, columns: int, rows: int | None = None) -> csr_matrix:
    """1 at each place; of as many rows as are named, unless their number is given."""
    shape = (int(row.max(initial=-1)) + 1 if rows is None else rows, columns)
    return csr_matrix((np.ones(len(row), dtype=np.int64), (row, column)), shape=shape)
