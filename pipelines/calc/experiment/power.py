"""How many people a difference asks for, so that an experiment is begun, or ended, with open eyes."""

from __future__ import annotations

import math

import scipy

from pipelines.calc.experiment.rates import two_sided
from pipelines.errors import UsageError


def needed_for_rates(base: float, relative: float, *, power: float = 0.8, confidence: float = 0.95) -> int:
    """People in each arm, so that a lift of a rate is found with that power.

    `n = (q sqrt(2 p (1 - p)) + r sqrt(p1 (1 - p1) + p2 (1 - p2)))² / (p2 - p1)²`, with p the mean of both rates,
    q and r the normal quantiles of confidence and power.

    Args:
        base: The rate without the treatment, between 0 and 1.
        relative: The lift to be found, such as 0.1 for 10 % more.
        power: Chance of finding it when it is there.
        confidence: Level of the test.

    >>> needed_for_rates(0.10, 0.20)
    3841

    Raises:
        UsageError: no such rates, or no difference between them.

    Source: J. L. Fleiss, "Statistical methods for rates and proportions" (1981), section 3.2.
    """
    other = base * (1 + relative)
    if not (0 < base < 1 and 0 <= other <= 1 and other != base):
        raise UsageError(
            f"No number of people tells a rate of {base:g} from one of {other:g}",
            remedy="Give a base between 0 and 1 and a lift that is not 0 and leads to a rate from 0 to 1.",
        )
    middle = (base + other) / 2
    spread = math.sqrt(2 * middle * (1 - middle))
    apart = math.sqrt(base * (1 - base) + other * (1 - other))
    reach = two_sided(confidence) * spread + _quantile(power) * apart
    return math.ceil((reach / (other - base)) ** 2)


def needed_for_means(
    base: float, variance: float, relative: float, *, power: float = 0.8, confidence: float = 0.95
) -> int:
    """People in each arm, so that a lift of a mean is found with that power: `2 variance (q + r)² / difference²`.

    Args:
        base: The mean without the treatment, above 0.
        variance: Of the amounts, per person; of CUPED outcomes where those will be compared.
        relative: The lift to be found.
        power: Chance of finding it when it is there.
        confidence: Level of the test.

    >>> needed_for_means(10, 400, 0.05)  # a spread of 20 about 10, a difference of 0.5
    25117

    Raises:
        UsageError: no difference, a base that is not above 0, or no spread.
    """
    if not (base > 0 and variance > 0 and math.isfinite(relative) and relative):
        raise UsageError(
            f"No number of people tells a lift of {relative:g} on a mean of {base:g} with variance {variance:g}",
            remedy="Give a mean and a variance above 0 and a lift that is not 0.",
        )
    reach = two_sided(confidence) + _quantile(power)
    return math.ceil(2 * variance * (reach / (base * relative)) ** 2)


def _quantile(power: float) -> float:
    return float(scipy.stats.norm.ppf(power))
