"""TIFU-KNN: nearest neighbours of temporally decayed item frequencies.

Hu, He, Gao & Zhang (2020), *Modeling Personalized Item Frequency Information for Next-basket Recommendation*, SIGIR,
with its parameters for Dunnhumby. A household's receipts are cut into groups of m, the last one full; a receipt weighs
`r_b**(receipts after it in its group)`, averaged over the group's receipts, and a group `r_g**(groups after it)`,
averaged over the groups. A score is `alpha * own + (1 - alpha) * mean of the nearest neighbours` (Euclidean).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from benchmarks.baselines.ranking import Ranking, ranked
from benchmarks.protocols import Trial

NEIGHBOURS, GROUP, WITHIN, BETWEEN, OWN = 900, 3, 0.9, 0.6, 0.2


def decayed(trial: Trial) -> csr_matrix:
    """Households x goods: the decayed frequencies."""
    baskets = trial.baskets
    receipts = baskets.groupby("customer")["basket"].transform("max").to_numpy() + 1
    after = receipts - 1 - baskets["basket"].to_numpy()
    groups = -(-receipts // GROUP)
    group, place = after // GROUP, after % GROUP
    size = np.where(group == groups - 1, receipts - (groups - 1) * GROUP, GROUP)
    return trial.matrix(WITHIN**place / size * BETWEEN**group / groups)


def tifu_knn(trial: Trial, k: int, *, own: float = OWN, neighbours: int = NEIGHBOURS) -> Ranking:
    """The ranking."""
    vectors = decayed(trial)
    square = np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel()
    near = min(neighbours, vectors.shape[0] - 1)

    def scores(block: slice) -> NDArray[np.float64]:
        rows = np.arange(block.start, block.stop)
        distance = square - 2 * (vectors[block] @ vectors.T).toarray()  # less what is the same for a row
        distance[np.arange(len(rows)), rows] = np.inf
        nearest = np.argpartition(distance, near - 1, axis=1)[:, :near]
        mean = csr_matrix(
            (np.full(nearest.size, 1 / near), (np.repeat(np.arange(len(rows)), near), nearest.ravel())),
            shape=(len(rows), len(square)),
        )
        found: NDArray[np.float64] = (own * vectors[block] + (1 - own) * (mean @ vectors)).toarray()
        return found

    return ranked(scores, *vectors.shape, k)
