"""The goods of longest factors, in which the best goods of most persons are found; all goods are asked for the others.

A score is a product of two vectors, so by Cauchy and Schwarz no good scores more than the product of their lengths.
Once the k-th best of the goods looked at scores more than that for the longest of the others, none of them can be among
the k best (Teflioudi, Gemulla, Mykytiuk 2015, "LEMP"). Factors of ALS grow long with the number of buyers, so a
sixteenth of the goods mostly does, and what is found is the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PARTS = (1 / 16, 1 / 4)
LEAST = 8  # times k: fewer goods are no head
_ROUNDED_UP = 1 + 1e-12  # a length is a rounded number, a score is exact


@dataclass(frozen=True)
class Head:
    """Some of the goods.

    Args:
        items: Their positions among all, ascending.
        beyond: No other good's vector is longer; 0: there is no other.
    """

    items: NDArray[np.int64]
    beyond: float


def heads(items: NDArray[np.float32], k: int) -> Iterator[Head]:
    """Ever more of the goods, the last time all of them.

    Args:
        items: A row of factors for each.
        k: How many goods are looked for.

    >>> [(head.items.tolist(), round(head.beyond)) for head in heads(np.diag(np.arange(200.0)), 1)]
    ... # doctest: +ELLIPSIS
    [([188, 189, ..., 199], 187), ([150, ..., 199], 149), ([0, ..., 199], 0)]
    """
    length = lengths(items)
    longest = np.argsort(-length, kind="stable")
    for part in PARTS:
        size = int(len(items) * part)
        if size >= LEAST * k:
            yield Head(np.sort(longest[:size]), float(length[longest[size]]))
    yield Head(np.arange(len(items)), 0.0)


def lengths(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of each row, and not less."""
    squared: NDArray[np.float64] = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)
    return np.sqrt(squared) * _ROUNDED_UP
