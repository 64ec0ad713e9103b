"""What all buyers' intervals say about a thing: what one person's few purchases are shrunk to.

The logarithm of an interval is normal around the person's own mean, the person's mean around the thing's, the thing's
around its category's, that around everybody's: empirical Bayes with variances by moments (Efron & Morris 1973). An
interval after a purchase of more than usual is longer: its logarithm grows by `stretch` times the logarithm of
amount / usual amount. The rate of a thing's purchases is gamma over its buyers, as in the Poisson-gamma of Bhagat et
al. (2018), *Buy It Again: Modeling Repeat Purchase Recommendations*, KDD; so is its repeat probability (RCP).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.models.replenishment.habits import Floats, Habits, Ints

PSEUDO_GAPS = 5.0  # of the variance of a thing
PSEUDO_BUYERS = 20.0  # of the rates of a thing


@dataclass(frozen=True)
class Priors:
    """One entry a thing, but for what is of all.

    Args:
        mean: Of the log interval in days.
        variance: Of one person's log intervals around their own mean.
        between: Variance of the persons' means around the thing's.
        stretch: Of all; by which power of the amount an interval grows.
        shape: Of the gamma of purchases a day.
        rate: Likewise, in days.
        repeat: Share of the buyers who bought again.
    """

    mean: Floats
    variance: Floats
    between: float
    stretch: float
    shape: Floats
    rate: Floats
    repeat: Floats

    def at(self, things: Ints) -> Priors:
        """Those of some things, in their order; -1 is the last."""
        own = (self.shape, self.rate, self.repeat)
        mean, variance, shape, rate, repeat = (of[things] for of in (self.mean, self.variance, *own))
        return Priors(mean, variance, self.between, self.stretch, shape, rate, repeat)


def priors(known: Habits, category: Ints, *, until: int) -> Priors:
    """From purchases before the day `until`; things without a repeated purchase get their category's.

    Args:
        known: At least one row.
        category: Of each thing the number of its category.
        until: Days since 1970-01-01.
    """
    things = len(category)
    stretch = _stretch(known)
    log_gap = np.log(known.gap) - stretch * known.filled
    gaps: Floats = (known.times - 1).astype(np.float64)
    mean = known.sums(log_gap) / np.maximum(gaps, 1)
    left = known.sums((log_gap - mean[known.owner]) ** 2)
    thing = known.thing[known.first]

    def by_thing(values: Floats) -> Floats:
        return np.bincount(thing, weights=values, minlength=things).astype(np.float64)

    within = left[gaps > 1].sum() / max(1.0, (gaps[gaps > 1] - 1).sum())
    several = gaps > 0
    spread = mean[several].var() if several.any() else 1.0
    between = max(0.05, spread - within * float(np.mean(1 / gaps[several])) if several.any() else 0.5)
    weight = np.where(several, 1.0 / (between + within / np.maximum(gaps, 1)), 0.0)
    middle = _shrunk(by_thing((weight * mean).astype(np.float64)), by_thing(weight), category, 3.0 / between)
    variance = _shrunk(
        by_thing(left), by_thing(np.maximum(gaps - 1.0, 0.0).astype(np.float64)), category, PSEUDO_GAPS
    )
    observed: Floats = (until - known.day[known.first] + 1).astype(np.float64)
    rate = _shrunk(by_thing(gaps), by_thing(observed), category, PSEUDO_BUYERS * float(observed.mean()))
    shape = np.full(things, _shape(gaps, observed))
    repeat = _shrunk(by_thing(several.astype(float)), by_thing(np.ones(len(gaps))), category, PSEUDO_BUYERS)
    return Priors(
        middle, np.maximum(variance, 0.02), between, stretch, shape, shape / np.maximum(rate, 1e-6), repeat
    )


def _shrunk(total: Floats, weight: Floats, category: Ints, strength: float) -> Floats:
    """Total / weight of each thing, shrunk to its category's, which is shrunk to everybody's."""
    everybody = total.sum() / max(weight.sum(), 1e-12)
    of = np.bincount(category, weights=total), np.bincount(category, weights=weight)
    theirs = (of[0] + strength * everybody) / (of[1] + strength)
    found: Floats = (total + strength * theirs[category]) / (weight + strength)
    return found


def _stretch(known: Habits) -> float:
    """The slope of the log interval on the log amount before it, both around the person's own means."""
    there = ~np.isnan(known.gap)
    log_gap, filled = np.log(np.where(there, known.gap, 1.0)), np.where(there, known.filled, 0.0)
    gaps = np.maximum(known.times - 1.0, 1.0)
    x = np.where(there, filled - (known.sums(filled) / gaps)[known.owner], 0.0)
    y = np.where(there, log_gap - (known.sums(log_gap) / gaps)[known.owner], 0.0)
    return float(np.clip((x * y).sum() / max((x * x).sum(), 1e-9), 0.0, 1.0))


def _shape(times: Floats, observed: Floats) -> float:
    """The gamma's shape by moments: counts over time vary more than Poisson's by mean**2 / shape."""
    rate = times.sum() / observed.sum()
    expected = rate * observed
    excess = ((times - expected) ** 2 - expected).sum() / (expected**2).sum()
    return float(np.clip(1.0 / max(excess, 1e-3), 0.1, 10.0))
