"""UP-CF@r: user-based collaborative filtering on recency-aware user-wise popularity.

Faggioli, Polato & Aiolli (2020), *Recency Aware Collaborative Filtering for Next Basket Recommendation*, UMAP. With pi
the share of a household's last r receipts that hold the good, and the similarity of two households the asymmetric
cosine of the sets of goods they ever bought, `|u & v| / (|u|**alpha * |v|**(1 - alpha))`, a good's score is
`sum over v of similarity(u, v)**q * pi(v, good)`, the household itself among the v.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix, diags

from benchmarks.baselines.ranking import Ranking, with_fallback
from benchmarks.protocols import Trial


def up_cf(trial: Trial, k: int, *, r: int = 100, q: float = 10.0, alpha: float = 0.25) -> Ranking:
    """The ranking, with the parameters that a validation a month earlier likes best."""
    baskets = trial.baskets
    receipts = baskets.groupby("customer")["basket"].transform("max").to_numpy() + 1
    recent = receipts - baskets["basket"].to_numpy() <= r
    popularity = trial.matrix(recent / np.minimum(receipts, r))
    sets = csr_matrix(
        (np.ones(trial.counts.nnz), trial.counts.indices, trial.counts.indptr), trial.counts.shape
    )
    size = np.asarray(sets.sum(axis=1)).ravel()
    alike = diags(size**-alpha) @ (sets @ sets.T) @ diags(size ** (alpha - 1))
    alike.data **= q
    return with_fallback(csr_matrix(alike @ popularity), np.asarray(trial.counts.sum(axis=0)).ravel(), k)
