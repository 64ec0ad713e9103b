"""What one arm of an experiment has shown, and what two of them say together.

A rate is counted over people, each of whom succeeded or did not; moments are sums over people of an amount, such
as revenue per person sent. Both are enough for every statistic here, so arms can be summed up where the rows are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from pipelines.errors import DataError, UsageError

Amount = int | float | Decimal | Fraction
Interval = tuple[float, float]


def tail(confidence: float) -> float:
    """What an interval leaves outside on either side: 0.025 at a confidence of 0.95.

    Raises:
        UsageError: a level that is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise UsageError(
            f"There is no confidence of {confidence}", remedy="Give a share between 0 and 1, such as 0.95."
        )
    return (1 - confidence) / 2


@dataclass(frozen=True)
class Rate:
    """So many people succeeded of so many who were tried, each counted once.

    >>> Rate(58, 20_000).mean
    0.0029
    """

    successes: int
    trials: int

    def __post_init__(self) -> None:
        if not 0 <= self.successes <= self.trials:
            raise DataError(
                f"{self.successes:,} successes of {self.trials:,} trials cannot be",
                remedy="Count each person once in both, and only people of the arm.",
            )

    @property
    def n(self) -> int:
        """How many people there are."""
        return self.trials

    @property
    def mean(self) -> float | None:
        """The rate; null without people."""
        return self.successes / self.trials if self.trials else None

    @property
    def variance_of_mean(self) -> float | None:
        """`p (1 - p) / n`; null without people."""
        return None if self.mean is None else self.mean * (1 - self.mean) / self.trials


@dataclass(frozen=True)
class Moments:
    """Number, sum and sum of squares of an amount over people; those without a purchase count as 0.

    >>> moments = Moments(3, 12, 56)  # 2, 4 and 6
    >>> moments.mean, moments.variance
    (4.0, 4.0)
    """

    n: int
    sum: Amount
    sum_of_squares: Amount

    def __post_init__(self) -> None:
        if self.n < 0 or not all(math.isfinite(amount) for amount in (self.sum, self.sum_of_squares)):
            raise DataError(f"{self} cannot be", remedy="Sum finite amounts over the people of the arm.")
        squares, slack = Fraction(self.sum_of_squares), Fraction(1, 10**9)
        if self.n * squares * (1 + slack) < Fraction(self.sum) ** 2 or squares < 0:
            raise DataError(
                f"{self}: the squares sum to less than the amounts allow",
                remedy="Take both sums over the same people, squares before they are added.",
            )

    @classmethod
    def of(cls, n: int, mean: float, variance: float) -> Moments:
        """The moments of n amounts with that mean and sample variance."""
        exact = Fraction(mean)
        return cls(n, n * exact, (n - 1) * Fraction(variance) + n * exact**2)

    @property
    def mean(self) -> float | None:
        """The mean; null without people."""
        return float(Fraction(self.sum) / self.n) if self.n else None

    @property
    def variance(self) -> float | None:
        """The sample variance, `(sum of squares - sum² / n) / (n - 1)`; null below two people.

        Taken in fractions, so that large sums do not eat up a small spread.
        """
        if self.n < 2:
            return None
        spread = Fraction(self.sum_of_squares) - Fraction(self.sum) ** 2 / self.n
        return max(float(spread / (self.n - 1)), 0.0)

    @property
    def variance_of_mean(self) -> float | None:
        """Variance by n; null below two people."""
        return None if self.variance is None else self.variance / self.n


@dataclass(frozen=True)
class Comparison:
    """The second arm against the first: differences, what they could be as well, and how odd they are.

    Nothing in it is NaN: what cannot be said is null, and `note` says why. An end of an interval may be infinite.

    Attributes:
        absolute: Second mean less first.
        absolute_interval: Where the true difference lies, at the confidence level.
        relative: The same as a share of the first mean; null unless that is above 0.
        relative_interval: By Fieller; null where `relative` is.
        p_value: Chance of a difference at least as large, either way, if there were none.
        confidence: The level of both intervals, such as 0.95.
        note: What the numbers do not say; empty when there is nothing.
    """

    absolute: float | None
    absolute_interval: Interval | None
    relative: float | None
    relative_interval: Interval | None
    p_value: float | None
    confidence: float
    note: str

    @property
    def significant(self) -> bool:
        """Whether no difference at all is implausible at the level."""
        return self.p_value is not None and self.p_value < 1 - self.confidence


@dataclass(frozen=True)
class RateComparison(Comparison):
    """Of two rates; `z` is null where `p_value` is."""

    z: float | None


@dataclass(frozen=True)
class MeanComparison(Comparison):
    """Of two means; `t` and its degrees of freedom are null where `p_value` is."""

    t: float | None
    degrees_of_freedom: float | None
