"""Two rates compared: what share opened, clicked, ordered, in either arm."""

from __future__ import annotations

import math

import scipy

from pipelines.calc.experiment.estimates import Interval, Rate, RateComparison, tail
from pipelines.calc.experiment.fieller import fieller

EMPTY_ARM = "An arm without people says nothing."
NO_BASE = "There is no success in the first arm, so that there is nothing to be relative to."


def wilson(rate: Rate, confidence: float = 0.95) -> Interval:
    """Where the true rate lies, by Wilson's score; everything from 0 to 1 without people.

    Source: E. B. Wilson, "Probable inference", JASA 22 (1927).

    >>> low, high = wilson(Rate(0, 10))
    >>> round(low, 4), round(high, 4)
    (0.0, 0.2775)
    """
    n, q = rate.trials, two_sided(confidence)
    if not n:
        return (0.0, 1.0)
    p, weight = rate.successes / n, q * q / n
    middle = (p + weight / 2) / (1 + weight)
    reach = q / (1 + weight) * math.sqrt(p * (1 - p) / n + weight / (4 * n))
    low = 0.0 if rate.successes == 0 else middle - reach
    high = 1.0 if rate.successes == n else middle + reach
    return (low, high)


def compare_rates(first: Rate, second: Rate, confidence: float = 0.95) -> RateComparison:
    """The second rate against the first.

    The difference has Newcombe's hybrid score interval (his method 10), which holds for rates near 0; `z` and the
    p-value are those of the pooled two-sample test; the relative lift has Fieller's interval.

    With rates of 0.29 % and 0.47 % of 20,000 each the lift is 62 %, and between 17.6 % and 129.5 %:

    >>> found = compare_rates(Rate(58, 20_000), Rate(94, 20_000))
    >>> round(found.p_value, 6), [round(end, 3) for end in found.relative_interval]
    (0.003438, [0.176, 1.295])

    Source: R. G. Newcombe, "Interval estimation for the difference between independent proportions", Statistics
    in Medicine 17 (1998).
    """
    p1, p2 = first.mean, second.mean
    if p1 is None or p2 is None:
        return RateComparison(None, None, None, None, None, confidence, EMPTY_ARM, None)
    (low1, high1), (low2, high2) = wilson(first, confidence), wilson(second, confidence)
    difference = p2 - p1
    interval = (
        difference - math.hypot(p2 - low2, high1 - p1),
        difference + math.hypot(high2 - p2, p1 - low1),
    )
    relative, relative_interval, note = _relative(first, second, confidence)
    pooled = (first.successes + second.successes) / (first.trials + second.trials)
    error = math.sqrt(pooled * (1 - pooled) * (1 / first.trials + 1 / second.trials))
    z = difference / error if error else None
    p_value = None if z is None else float(2 * scipy.stats.norm.sf(abs(z)))
    if z is None:
        note = "Nobody differs from anybody: all succeeded, or none did. " + note
    return RateComparison(
        difference, interval, relative, relative_interval, p_value, confidence, note.strip(), z
    )


def two_sided(confidence: float) -> float:
    """The normal quantile that leaves `1 - confidence` outside on both sides together.

    >>> round(two_sided(0.95), 3)
    1.96
    """
    return float(scipy.stats.norm.isf(tail(confidence)))


def _relative(first: Rate, second: Rate, confidence: float) -> tuple[float | None, Interval | None, str]:
    p1, p2, v1, v2 = first.mean, second.mean, first.variance_of_mean, second.variance_of_mean
    assert p1 is not None and p2 is not None and v1 is not None and v2 is not None  # noqa: PT018
    if p1 == 0:
        return None, None, NO_BASE
    if p2 == 0:
        return -1.0, None, "Without a success in the second arm the relative lift has no interval."
    low, high = fieller(p1, v1, p2, v2, two_sided(confidence), lowest=0.0)
    note = "" if high < math.inf else "The first rate may be 0, so that the lift has no upper end."
    return p2 / p1 - 1, (low - 1, high - 1), note
