"""The package `implicit`'s ALS and item-kNN; an extra (`pip install .[bench]`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from benchmarks.baselines.ranking import Ranking, ranked
from benchmarks.protocols import Trial


def als(trial: Trial, k: int) -> Ranking:
    """Implicit ALS of rank 64 on the number of receipts; scores of all goods, bought before or not."""
    from implicit.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(factors=64, regularization=0.05, alpha=3.0, iterations=15, random_state=7)
    model.fit(trial.counts.astype(np.float32), show_progress=False)
    return ranked(
        lambda block: (model.user_factors[block] @ model.item_factors.T).astype(np.float64),
        *trial.counts.shape,
        k,
    )


def item_knn(trial: Trial, k: int, *, neighbours: int = 100) -> Ranking:
    """Cosine item-kNN on the number of receipts."""
    from implicit.nearest_neighbours import CosineRecommender

    model = CosineRecommender(K=neighbours)
    model.fit(trial.counts, show_progress=False)
    scored = csr_matrix(trial.counts @ model.similarity)

    def scores(block: slice) -> NDArray[np.float64]:
        rows: NDArray[np.float64] = scored[block].toarray()
        return rows

    return ranked(scores, *scored.shape, k)
