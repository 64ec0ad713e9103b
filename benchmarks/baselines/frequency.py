"""How often a good was bought: by everybody, and by the household itself, with what is popular behind."""

from __future__ import annotations

import numpy as np

from benchmarks.baselines.ranking import Ranking, ranked, with_fallback
from benchmarks.protocols import Trial


def popular(trial: Trial, k: int) -> Ranking:
    """The goods on most receipts, the same for all."""
    bought = np.asarray(trial.counts.sum(axis=0)).ravel()
    households, goods = trial.counts.shape
    return ranked(lambda block: np.tile(bought, (block.stop - block.start, 1)), households, goods, k)


def personal(trial: Trial, k: int, half_life_days: float | None = None) -> Ranking:
    """The goods on most of the household's own receipts, each halved with every `half_life_days` of its age."""
    bought = np.asarray(trial.counts.sum(axis=0)).ravel()
    if half_life_days is None:
        return with_fallback(trial.counts, bought, k)
    age = trial.baskets["day"].max() + 1 - trial.baskets["day"].to_numpy()
    return with_fallback(trial.matrix(0.5 ** (age / half_life_days)), bought, k)
