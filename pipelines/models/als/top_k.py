"""The best k columns of each row of a block of scores.

One small numpy kernel, used by scoring and by evaluation alike.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

NOTHING = -1  # fills a row that has fewer than k candidates
_CELLS = (
    4_000_000  # scores held at once: 32 MB of float64, which both cores' caches and a small executor bear
)


def top_k(scores: NDArray[np.float64], k: int) -> NDArray[np.int32]:
    """Column positions of the k largest scores of each row, best first.

    Equal scores by position, the smaller first.

    A column whose score is -inf is no candidate. Rows with fewer than k candidates end in `NOTHING`.

    >>> top_k(np.array([[0.2, 0.9, 0.9, 0.1], [-np.inf, 0.3, -np.inf, -np.inf]]), 2)
    array([[ 1,  2],
           [ 1, -1]], dtype=int32)
    """
    rows, columns = scores.shape
    best = np.full((rows, k), NOTHING, dtype=np.int32)
    if not rows or not columns:
        return best
    kept = min(k, columns)
    threshold = np.partition(scores, columns - kept, axis=1)[:, columns - kept, np.newaxis]
    row, column = np.nonzero((scores >= threshold) & (scores > -np.inf))
    order = np.lexsort((column, -scores[row, column], row))
    row, column = row[order], column[order]
    place = np.arange(len(row)) - np.searchsorted(row, row)
    inside = place < kept
    best[row[inside], place[inside]] = column[inside]
    return best


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Slices over the rows, such that a block of scores with so many columns stays small.

    >>> [(block.start, block.stop) for block in blocks(5, 2_000_000)]
    [(0, 2), (2, 4), (4, 5)]
    """
    size = max(1, _CELLS // max(1, columns))
    for start in range(0, rows, size):
        yield slice(start, min(start + size, rows))
