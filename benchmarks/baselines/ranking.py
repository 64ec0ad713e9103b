"""Scores as rankings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from pipelines.models.als.top_k import blocks, top_k

Ranking = NDArray[np.int32]


def ranked(scores: Callable[[slice], NDArray[np.float64]], households: int, goods: int, k: int) -> Ranking:
    """The k best goods of each household, equal ones by position; -1 where no score is left."""
    best = np.empty((households, k), dtype=np.int32)
    for block in blocks(households, goods):
        best[block] = top_k(scores(block), k)
    return best


def with_fallback(scores: csr_matrix, popular: NDArray[np.float64], k: int) -> Ranking:
    """By score where there is one, then what is popular."""
    filler = popular / (1 + popular.max())  # below 1, and made smaller than any score
    least = scores.data[scores.data > 0].min(initial=1.0)

    def block_scores(block: slice) -> NDArray[np.float64]:
        rows: NDArray[np.float64] = scores[block].toarray()
        rows += filler * least * 1e-6
        return rows

    return ranked(block_scores, *scores.shape, k)
