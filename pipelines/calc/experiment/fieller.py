"""The ratio of two means, with an interval that stays true when the denominator is uncertain."""

from __future__ import annotations

import math

from pipelines.calc.experiment.estimates import Interval


def fieller(
    base: float,
    base_variance: float,
    other: float,
    other_variance: float,
    quantile: float,
    lowest: float = -math.inf,
) -> Interval:
    """All ratios r for which `other - r * base` is not significantly different from 0.

    The ends solve `(other - r base)² = q² (other_variance + r² base_variance)`. A ratio of 1 is left out exactly
    when the difference of the two means is significant by the same variances and quantile. Where the base
    itself may be 0, the set has no upper end; where it falls into two pieces, it is given as everything, which
    is never too narrow.

    Args:
        base: Mean of the denominator, above 0.
        base_variance: Variance of that mean.
        other: Mean of the numerator.
        other_variance: Variance of that mean; the two are independent.
        quantile: Of the normal or Student's distribution, such as 1.96.
        lowest: The smallest ratio there can be: 0 where neither mean can be negative.

    Source: E. C. Fieller, "Some problems in interval estimation", JRSS B 16 (1954).
    """
    a = base**2 - quantile**2 * base_variance
    b = base * other
    c = other**2 - quantile**2 * other_variance
    root = math.sqrt(max(b * b - a * c, 0.0))
    if a > 0:
        return (max((b - root) / a, lowest), (b + root) / a)
    if a < 0 and (b + root) / a < lowest:  # of two pieces, only the upper one can be
        return (max((b - root) / a, lowest), math.inf)
    if a == 0 and b > 0:
        return (max(c / (2 * b), lowest), math.inf)
    return (lowest, math.inf)
