"""TREx-repeat: how likely a good is bought again at all, times how lately and often the household bought it.

Li, Jullien, Ariannezhad & de Rijke (2023), *A Next Basket Recommendation Reality Check*, and its two-step TREx.
`score = repeat rate of the good * sum over own receipts with it of beta**(receipts after it)`, where the repeat rate
is the share of its buyers who bought it on two receipts or more, raised to alpha.
"""

from __future__ import annotations

import numpy as np

from benchmarks.baselines.ranking import Ranking, with_fallback
from benchmarks.protocols import Trial

ALPHA, BETA = 0.3, 0.95


def trex_repeat(trial: Trial, k: int) -> Ranking:
    """The ranking, with what is popular behind."""
    baskets, counts = trial.baskets, trial.counts
    receipts = baskets.groupby("customer")["basket"].transform("max").to_numpy() + 1
    strength = trial.matrix(BETA ** (receipts - 1.0 - baskets["basket"].to_numpy()))
    buyers = np.asarray((counts > 0).sum(axis=0)).ravel()
    repeaters = np.asarray((counts > 1).sum(axis=0)).ravel()
    rate = (repeaters / np.maximum(buyers, 1)) ** ALPHA
    return with_fallback(strength.multiply(rate).tocsr(), np.asarray(counts.sum(axis=0)).ravel(), k)
