"""How well rankings foresee what people buy: one figure a person.

For a person with targets T and a ranking, hit_r = 1 where the good at rank r is in T:

- `recall@k = hits within k / |T|`
- `nDCG@k = sum of hit_r / log2(r + 1) / sum over r = 1..min(k, |T|) of 1 / log2(r + 1)`: Jarvelin & Kekalainen
  2002, binary gain, ideal over all targets. A target that no model can know counts against each.
- `hit@k`: 1 where there is any hit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Figures = NDArray[np.float64]


def hits(ranking: NDArray[np.int32], targets: csr_matrix) -> NDArray[np.bool_]:
    """Where a ranking's goods are targets. A negative position is no good."""
    found = np.asarray(targets[np.arange(len(ranking))[:, np.newaxis], np.maximum(ranking, 0)].todense())
    hit: NDArray[np.bool_] = (found > 0) & (ranking >= 0)
    return hit


def recall(ranking: NDArray[np.int32], targets: csr_matrix, k: int) -> Figures:
    """Recall@k of each person; null (nan) for one without targets."""
    with np.errstate(invalid="ignore"):
        found: Figures = np.asarray(hits(ranking[:, :k], targets).sum(axis=1) / targets.getnnz(axis=1))
    return found


def ndcg(ranking: NDArray[np.int32], targets: csr_matrix, k: int) -> Figures:
    """nDCG@k of each person, ideal over all targets; null (nan) for one without.

    One person with targets {0, 2} and the ranking (2, 1, 0): hits at ranks 1 and 3, so DCG = 1 + 1/2 = 1.5,
    ideal DCG = 1 + 0.6309, nDCG = 0.9197.
    """
    hit = hits(ranking[:, :k], targets)
    discount = 1.0 / np.log2(np.arange(2, hit.shape[1] + 2))
    ideal = np.append(0.0, np.cumsum(discount))[np.minimum(targets.getnnz(axis=1), hit.shape[1])]
    with np.errstate(invalid="ignore"):
        found = (hit * discount).sum(axis=1) / ideal
    return np.asarray(found, dtype=np.float64)


def hit_rate(ranking: NDArray[np.int32], targets: csr_matrix, k: int) -> Figures:
    """1 for each person with a hit within k, 0 for the others."""
    return np.asarray(hits(ranking[:, :k], targets).any(axis=1), dtype=np.float64)
