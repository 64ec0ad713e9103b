"""Groups that differ by who is in them, compared as if both had the same people: a comparison, not an experiment.

People who were chosen by their behaviour buy more than others, mailed or not. Within a stratum of shared covariates
(recency, past revenue, city) the groups are more alike; the differences within strata, weighted by how many people
both groups have there together, are the standardised difference. What the strata do not know stays in it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import scipy

from pipelines.calc.experiment.estimates import Moments, Rate, RateComparison
from pipelines.calc.experiment.fieller import fieller
from pipelines.calc.experiment.rates import NO_BASE, two_sided

Pair = tuple[Rate, Rate] | tuple[Moments, Moments]
CAVEAT = "A comparison, not an experiment: the groups were not drawn by lot, and may differ in what is not measured."
NO_OVERLAP = "The groups have no stratum in common, so that like cannot be compared with like."


@dataclass(frozen=True)
class Standardised:
    """Two groups over the same mix of people.

    Attributes:
        comparison: Of the standardised means, second against first, by the normal distribution; its note always
            holds the caveat.
        means: Standardised mean of the first group and of the second; null without a stratum in common.
        covered: Share of all people who are in strata that both groups have.
        strata: How many such strata there are.
    """

    comparison: RateComparison
    means: tuple[float, float] | None
    covered: float
    strata: int


def standardised(strata: Mapping[str, Pair], confidence: float = 0.95) -> Standardised:
    """Direct standardisation to the people of both groups.

    With weights w, the share of a stratum among the people of all usable strata: mean `sum(w mean)` and variance
    `sum(w² variance_of_mean)` for each group. A stratum in which a group has too few people for a mean and a
    variance (nobody for a rate, one for moments) is left out and lowers `covered`.

    A fifth of one group is loyal and half of the other; within both strata they order alike:

    >>> found = standardised({
    ...     "loyal": (Rate(10, 200), Rate(25, 500)),
    ...     "new": (Rate(8, 800), Rate(5, 500)),
    ... })
    >>> found.comparison.absolute, found.covered
    (0.0, 1.0)

    Source: J. L. Fleiss, "Statistical methods for rates and proportions" (1981), chapter 14.
    """
    usable = {name: pair for name, pair in strata.items() if _has_both(pair[0]) and _has_both(pair[1])}
    people = sum(group.n for pair in usable.values() for group in pair)
    everybody = sum(group.n for pair in strata.values() for group in pair)
    if not usable:
        nothing = RateComparison(None, None, None, None, None, confidence, f"{NO_OVERLAP} {CAVEAT}", None)
        return Standardised(nothing, None, 0.0, 0)
    means, variances = [0.0, 0.0], [0.0, 0.0]
    for pair in usable.values():
        weight = (pair[0].n + pair[1].n) / people
        for place in (0, 1):
            means[place] += weight * (pair[place].mean or 0.0)
            variances[place] += weight**2 * (pair[place].variance_of_mean or 0.0)
    return Standardised(
        _compared(means, variances, confidence), (means[0], means[1]), people / everybody, len(usable)
    )


def _has_both(group: Rate | Moments) -> bool:
    return group.mean is not None and group.variance_of_mean is not None


def _compared(means: list[float], variances: list[float], confidence: float) -> RateComparison:
    (m1, m2), (v1, v2), quantile = means, variances, two_sided(confidence)
    difference, error = m2 - m1, math.sqrt(v1 + v2)
    relative, lift, note = None, None, NO_BASE
    if m1 > 0:
        low, high = fieller(m1, v1, m2, v2, quantile)
        relative, lift, note = difference / m1, (low - 1, high - 1), ""
    z = difference / error if error else None
    return RateComparison(
        absolute=difference,
        absolute_interval=(difference - quantile * error, difference + quantile * error) if error else None,
        relative=relative,
        relative_interval=lift,
        p_value=None if z is None else float(2 * scipy.stats.norm.sf(abs(z))),
        confidence=confidence,
        note=f"{note} {CAVEAT}".strip(),
        z=z,
    )
