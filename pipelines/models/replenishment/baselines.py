"""Bhagat et al. (2018), *Buy It Again*: RCP, ATD and PG as scores of "bought again within h days".

RCP: the share of the good's buyers who bought it again. ATD: RCP times what a log-normal of all the good's intervals
gives the days from s to s + h, s being the days since the last purchase. PG: 1 - exp(-rate h), the rate being
`(k + alpha) / (t + beta)` with k purchases in t days since the first, and a gamma of its buyers' rates by moments.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from pipelines.models.replenishment.habits import Floats, Habits


def scores(known: Habits, clock: int, days: int) -> dict[str, Floats]:
    """By method, one entry a person and good, in the order of `Habits.first`."""
    thing = known.thing[known.first]
    things = int(known.thing.max()) + 1
    buyers = np.bincount(thing, minlength=things)
    rcp = (np.bincount(thing[known.times > 1], minlength=things) / np.maximum(buyers, 1))[thing]
    since = clock - known.day[known.last]
    there = ~np.isnan(known.gap)
    log_gap, of = np.log(known.gap[there]), known.thing[there]
    number = np.maximum(np.bincount(of, minlength=things), 1)
    mean = np.bincount(of, weights=log_gap, minlength=things) / number
    deviation = np.sqrt(np.bincount(of, weights=(log_gap - mean[of]) ** 2, minlength=things) / number)
    deviation = np.maximum(deviation, 0.1)[thing]
    density = ndtr((np.log(since + days) - mean[thing]) / deviation)
    density -= ndtr((np.log(since) - mean[thing]) / deviation)
    seen = clock - known.day[known.first]
    rate = known.times / seen
    average = np.bincount(thing, weights=rate, minlength=things) / np.maximum(buyers, 1)
    variance = np.bincount(thing, weights=(rate - average[thing]) ** 2, minlength=things) / np.maximum(
        buyers, 1
    )
    beta = (average / np.maximum(variance, 1e-6))[thing]
    posterior = (known.times + average[thing] * beta) / (seen + beta)
    return {"RCP": rcp, "ATD": rcp * density, "PG": 1 - np.exp(-posterior * days)}
