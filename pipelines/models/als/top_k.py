"""The best k columns of each row of a block of scores.

One small numpy kernel, used by scoring and by evaluation alike.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

NOTHING = -1  # fills a row that has fewer than k candidates
_CELLS = 2_000_000  # scores held at once: 16 MB of float64, which the cores' shared cache bears
_WIDTH = 128  # columns whose maximum stands for them


def top_k(scores: NDArray[np.float64], k: int) -> NDArray[np.int32]:
    """Column positions of the k largest scores of each row, best first.

    Equal scores by position, the smaller first.

    A column whose score is -inf is no candidate. Rows with fewer than k candidates end in `NOTHING`.

    The k-th largest of the maxima of groups of columns is a bound that k scores of the row reach, so only groups
    whose maximum reaches it are looked into: the scores are read once, and never sorted.

    >>> top_k(np.array([[0.2, 0.9, 0.9, 0.1], [-np.inf, 0.3, -np.inf, -np.inf]]), 2)
    array([[ 1,  2],
           [ 1, -1]], dtype=int32)
    """
    rows, columns = scores.shape
    best = np.full((rows, k), NOTHING, dtype=np.int32)
    if not rows or not columns:
        return best
    width = min(_WIDTH, max(1, columns // (8 * k)))  # of k groups or more, unless each column is one
    highest = _maxima(scores, width)
    groups = highest.shape[1]
    kept = min(k, groups)
    bound = np.partition(highest, groups - kept, axis=1)[:, groups - kept, np.newaxis]
    row, group = np.nonzero((highest >= bound) & (highest > -np.inf))
    column = group[:, np.newaxis] * width + np.arange(width)
    value = scores[row[:, np.newaxis], np.minimum(column, columns - 1)]
    pair, inner = np.nonzero((value >= bound[row]) & (value > -np.inf) & (column < columns))
    row, column, value = row[pair], column[pair, inner], value[pair, inner]
    order = np.lexsort((column, -value, row))
    row, column = row[order], column[order]
    place = np.arange(len(row)) - np.searchsorted(row, row)
    inside = place < k
    best[row[inside], place[inside]] = column[inside]
    return best


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Slices over the rows, such that a block of scores with so many columns stays small.

    >>> [(block.start, block.stop) for block in blocks(5, 1_000_000)]
    [(0, 2), (2, 4), (4, 5)]
    """
    size = max(1, _CELLS // max(1, columns))
    for start in range(0, rows, size):
        yield slice(start, min(start + size, rows))


def _maxima(scores: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """The largest score of each `width` columns side by side; the last group may be narrower."""
    rows, columns = scores.shape
    whole = columns // width
    highest = np.empty((rows, -(-columns // width)))
    scores[:, : whole * width].reshape(rows, whole, width).max(axis=2, out=highest[:, :whole])
    if whole < highest.shape[1]:
        highest[:, whole] = scores[:, whole * width :].max(axis=1)
    return highest
