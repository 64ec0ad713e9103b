"""A comparison as a sentence that a marketing head reads rightly."""

from __future__ import annotations

import math

from pipelines.calc.experiment.checks import SampleRatio
from pipelines.calc.experiment.estimates import Comparison, Interval


def verdict(
    comparison: Comparison,
    metric: str,
    *,
    split: SampleRatio | None = None,
    needed: int | None = None,
    people: int | None = None,
) -> str:
    """What may be said of the second arm against the first.

    Args:
        comparison: Of the metric.
        metric: As a title, such as "Orders per person sent".
        split: The sample-ratio check; a mismatch blocks the verdict.
        needed: People each arm should have for the lift that matters; null when nobody asked.
        people: People the smaller arm has.
    """
    if split is not None and split.mismatch:
        return (
            f"No verdict on {metric}: the arms do not have the sizes they were meant to have "
            f"(p = {_p(split.p_value)}), so something other than chance has sorted the people. Find it first."
        )
    if comparison.p_value is None:
        return f"Nothing can be said of {metric}. {comparison.note}".strip()
    size, (low, high), apart = _size(comparison)
    if comparison.significant and apart:
        way = "higher" if (comparison.absolute or 0) > 0 else "lower"
        return (
            f"{metric}: {way} by {size.lstrip('+-')}; the true difference lies between {low} and "
            f"{high} (p = {_p(comparison.p_value)}). {comparison.note}"
        ).strip()
    if comparison.significant or apart:
        said = (
            f"On the edge. {metric}: {size} was seen; the interval from {low} to {high} and the p-value of "
            f"{_p(comparison.p_value)}, which allows for all that was looked at, do not agree."
        )
    else:
        said = (
            f"Too small to tell. {metric}: {size} was seen, but a true difference anywhere from {low} to {high} "
            "would look like this."
        )
    return f"{said}{_more(needed, people)} {comparison.note}".strip()


def _more(needed: int | None, people: int | None) -> str:
    """How many people are still to come; nothing when nobody asked."""
    if needed is None or people is None:
        return ""
    more = max(needed - people, 0)
    if more:
        return f" About {more:,} more people in each arm are needed."
    return " There are enough people: a difference of the size that matters is unlikely."


def _size(comparison: Comparison) -> tuple[str, tuple[str, str], bool]:
    """The lift where it has an interval, else the difference; its ends; and whether they leave out no difference."""
    lift, interval = comparison.relative, comparison.relative_interval
    if lift is not None and interval is not None:
        return _percent(lift), (_percent(interval[0]), _percent(interval[1])), _leaves_out(interval)
    low, high = comparison.absolute_interval or (-math.inf, math.inf)
    return f"{comparison.absolute or 0:+.4g}", (f"{low:+.4g}", f"{high:+.4g}"), _leaves_out((low, high))


def _leaves_out(interval: Interval) -> bool:
    return interval[0] > 0 or interval[1] < 0


def _percent(share: float) -> str:
    return "any amount" if math.isinf(share) else f"{share:+,.1%}".replace("%", " %")


def _p(value: float | None) -> str:
    return "0" if not value else "below 0.001" if value < 0.001 else f"{value:.2g}"
