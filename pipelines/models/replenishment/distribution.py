"""When a habit is due, as a distribution.

The interval of a person and thing is a mixture (Bhagat et al. 2018 model the two apart): with `regular` it is
log-normal around the person's own log mean, shrunk to the thing's (`priors`) and lengthened for a last purchase of more
than usual; otherwise it is exponential at their Poisson-gamma rate `(k - 1 + shape) / (days known + rate)`. Given that
nothing was bought for s days, P(again within h) = (F(s + h) - F(s)) / (1 - F(s)).

`modified_rate` is the paper's modified Poisson-gamma: until twice the mean interval has passed, the days known are
replaced by `days from the first to the last purchase + 2 |mean interval - s|`, so the rate peaks when the thing is due.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr, ndtr

from pipelines.models.replenishment.habits import Floats, Habits
from pipelines.models.replenishment.priors import Priors

PSEUDO_INTERVALS = 4.0


@dataclass(frozen=True)
class Due:
    """One entry a person and thing, in the order of `Habits.first`.

    Args:
        mean: Of the log interval, the last purchase's amount included.
        sigma: Its standard deviation for the next interval.
        rate: Purchases a day by the Poisson-gamma.
        modified_rate: Likewise, modified.
        since: Days since the last purchase.
        repeat: The thing's repeat probability.
    """

    mean: Floats
    sigma: Floats
    rate: Floats
    modified_rate: Floats
    since: Floats
    repeat: Floats

    @property
    def lateness(self) -> Floats:
        """Standard deviations by which the log of the days since is beyond its mean."""
        found: Floats = (np.log(np.maximum(self.since, 0.5)) - self.mean) / self.sigma
        return found

    def within(self, days: int, regular: float) -> Floats:
        """P(bought again within so many days), given that it was not until now."""
        later = self.since + days
        z = (np.log(later) - self.mean) / self.sigma
        left = regular * ndtr(-self.lateness) + (1 - regular) * np.exp(-self.rate * self.since)
        then = regular * ndtr(-z) + (1 - regular) * np.exp(-self.rate * later)
        found: Floats = np.clip(1.0 - then / np.maximum(left, 1e-300), 1e-9, 1 - 1e-9)
        return found


def due(known: Habits, given: Priors, *, clock: int) -> Due:
    """The distribution of every person and thing, from purchases before the day `clock`."""
    thing = known.thing[known.first]
    gaps = known.times - 1.0
    log_gap = np.log(known.gap) - given.stretch * known.filled
    variance, weight = given.variance[thing], given.variance[thing] / given.between
    mean = (known.sums(log_gap) + weight * given.mean[thing]) / (gaps + weight)
    own = known.sums((log_gap - mean[known.owner]) ** 2)
    spread = (own + PSEUDO_INTERVALS * variance) / (gaps + PSEUDO_INTERVALS)
    sigma = np.sqrt(spread * (1 + 1 / (gaps + weight)))
    share = np.log(known.amount[known.last] / known.usual_amount)
    first, last = known.day[known.first], known.day[known.last]
    since = (clock - last).astype(float)
    interval = np.where(gaps > 0, (last - first) / np.maximum(gaps, 1), np.exp(mean))
    shape, rate = given.shape[thing], given.rate[thing]
    days = np.where(since < 2 * interval, last - first + 2 * np.abs(interval - since), clock - first)
    return Due(
        mean=mean + given.stretch * share,
        sigma=sigma,
        rate=(gaps + shape) / (clock - first + rate),
        modified_rate=(gaps + shape) / (days + rate),
        since=since,
        repeat=given.repeat[thing],
    )


def regular_share(known: Habits, found: Due) -> float:
    """The mixture's weight of the log-normal: the maximum of the likelihood of all intervals, by EM."""
    gap = known.gap
    there = np.flatnonzero(~np.isnan(gap) & (known.times[known.owner] > 2))
    if not len(there):
        return 0.5
    owner, days = known.owner[there], gap[there]
    z = (np.log(days) - found.mean[owner]) / found.sigma[owner]
    one = np.exp(-0.5 * z * z) / (days * found.sigma[owner] * np.sqrt(2 * np.pi))
    other = found.rate[owner] * np.exp(-found.rate[owner] * days)
    share = 0.5
    for _ in range(25):
        held = share * one / np.maximum(share * one + (1 - share) * other, 1e-300)
        share = float(held.mean())
    return share


def log_hazard(found: Due) -> Floats:
    """The log-normal's rate at this very day, in log: what is due now stands out against what is long overdue."""
    z = found.lateness
    density = -0.5 * z * z - np.log(np.maximum(found.since, 0.5) * found.sigma * np.sqrt(2 * np.pi))
    hazard: Floats = density - log_ndtr(-z)
    return hazard
