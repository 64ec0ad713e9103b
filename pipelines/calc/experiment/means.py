"""Two means compared: revenue or orders per person, in either arm."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import scipy

from pipelines.calc.experiment.estimates import Amount, MeanComparison, Moments, tail
from pipelines.calc.experiment.fieller import fieller
from pipelines.errors import DataError

TOO_FEW = "An arm of fewer than two people has no spread to judge by."
NO_SPREAD = "The amounts do not vary, so that there is nothing to judge by."
NO_BASE = "The first mean is not above 0, so that there is nothing to be relative to."
NO_END = "The first mean may be 0, so that the lift has no upper end."


def compare_means(first: Moments, second: Moments, confidence: float = 0.95) -> MeanComparison:
    """The second mean against the first, by Welch's test: the arms may differ in size and in spread.

    The relative lift has Fieller's interval with the same quantile: where it has two ends, it leaves out 0 exactly
    when the p-value is below `1 - confidence`.

    >>> found = compare_means(Moments(3, 12, 56), Moments(3, 18, 116))
    >>> round(found.t, 4), found.degrees_of_freedom, round(found.p_value, 4)
    (1.2247, 4.0, 0.2879)

    Source: B. L. Welch, "The generalization of Student's problem", Biometrika 34 (1947).
    """
    outside = tail(confidence)
    m1, m2, v1, v2 = first.mean, second.mean, first.variance_of_mean, second.variance_of_mean
    difference = None if m1 is None or m2 is None else m2 - m1
    relative = None if difference is None or m1 is None or m1 <= 0 else difference / m1
    if m1 is None or m2 is None or v1 is None or v2 is None or difference is None or v1 + v2 == 0:
        note = NO_SPREAD if v1 is not None and v2 is not None else TOO_FEW
        return MeanComparison(difference, None, relative, None, None, confidence, note, None, None)
    error = math.sqrt(v1 + v2)
    share = v1 / (v1 + v2)  # of the variance; keeps the next line from overflow
    freedom = 1 / (share**2 / (first.n - 1) + (1 - share) ** 2 / (second.n - 1))
    t, quantile = difference / error, float(scipy.stats.t.isf(outside, freedom))
    reach = quantile * error
    lift, note = None, NO_BASE
    if relative is not None:
        low, high = fieller(m1, v1, m2, v2, quantile)
        lift, note = (low - 1, high - 1), NO_END if high == math.inf else ""
    return MeanComparison(
        absolute=difference,
        absolute_interval=(difference - reach, difference + reach),
        relative=relative,
        relative_interval=lift,
        p_value=float(2 * scipy.stats.t.sf(abs(t), freedom)),
        confidence=confidence,
        note=note,
        t=t,
        degrees_of_freedom=freedom,
    )


@dataclass(frozen=True)
class Paired:
    """An amount and what the same people had before the start, by sums.

    Attributes:
        outcome: Of the amount.
        before: Of what they had before.
        products: Sum over people of the one times the other.
    """

    outcome: Moments
    before: Moments
    products: Amount

    def __post_init__(self) -> None:
        bound = self.outcome.sum_of_squares, self.before.sum_of_squares
        reach = Fraction(bound[0]) * Fraction(bound[1]) * (1 + Fraction(1, 10**9))
        if self.outcome.n != self.before.n or Fraction(self.products) ** 2 > reach:
            raise DataError(
                f"{self} cannot be",
                remedy="Sum the amount, what was before and their product over the same people.",
            )

    @property
    def spread_before(self) -> Fraction:
        """Sum of squares of what was before, about its mean."""
        n, moments = self.before.n, self.before
        return Fraction(moments.sum_of_squares) - Fraction(moments.sum) ** 2 / n if n else Fraction(0)

    @property
    def shared_spread(self) -> Fraction:
        """Sum of products about the means."""
        n = self.outcome.n
        centre = Fraction(self.outcome.sum) * Fraction(self.before.sum) / n if n else Fraction(0)
        return Fraction(self.products) - centre


def cuped(first: Paired, second: Paired) -> tuple[Moments, Moments]:
    """The outcomes of both arms, freed from what was known of the people before; for `compare_means`.

    Each outcome becomes `y - theta (x - mean of all x)`, with theta the common slope of y on x within the arms:
    its mean does not change on average, its spread falls by the part that x explains. Without a spread in x the
    outcomes stay as they are.

    Source: Deng, Xu, Kohavi and Walker, "Improving the sensitivity of online controlled experiments by utilizing
    pre-experiment data" (2013).
    """
    within = first.spread_before + second.spread_before
    people = first.before.n + second.before.n
    if within <= 0:
        return first.outcome, second.outcome
    theta = (first.shared_spread + second.shared_spread) / within
    centre = (Fraction(first.before.sum) + Fraction(second.before.sum)) / people
    return _adjusted(first, theta, centre), _adjusted(second, theta, centre)


def _adjusted(arm: Paired, theta: Fraction, centre: Fraction) -> Moments:
    """Sums of `y - theta (x - centre)`, from the sums of y, x, their squares and products."""
    n, y, x = arm.outcome.n, Fraction(arm.outcome.sum), Fraction(arm.before.sum)
    yy, xx, xy = (
        Fraction(amount) for amount in (arm.outcome.sum_of_squares, arm.before.sum_of_squares, arm.products)
    )
    squares_before = xx - 2 * centre * x + n * centre**2
    squares = yy - 2 * theta * (xy - centre * y) + theta**2 * squares_before
    return Moments(n, y - theta * (x - n * centre), max(squares, Fraction(0)))
