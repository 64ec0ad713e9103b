"""A comparison as a sentence that a marketing head reads rightly."""

from __future__ import annotations

import math

from pipelines.calc.experiment.checks import SampleRatio
from pipelines.calc.experiment.estimates import Comparison


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
    size, span = _size(comparison)
    if comparison.significant:
        way = "higher" if (comparison.absolute or 0) > 0 else "lower"
        return (
            f"{metric}: {way} by {size.lstrip('+-')}; the true difference lies between {span[0]} and "
            f"{span[1]} (p = {_p(comparison.p_value)}). {comparison.note}"
        ).strip()
    said = (
        f"Too small to tell. {metric}: {size} was seen, but a true difference anywhere from {span[0]} to "
        f"{span[1]} would look like this."
    )
    if needed is not None and people is not None:
        more = max(needed - people, 0)
        said += (
            f" About {more:,} more people in each arm are needed."
            if more
            else " There are enough people: a difference of the size that matters is unlikely."
        )
    return f"{said} {comparison.note}".strip()


def _size(comparison: Comparison) -> tuple[str, tuple[str, str]]:
    """The lift where it has an interval, else the difference."""
    lift, interval = comparison.relative, comparison.relative_interval
    if lift is not None and interval is not None:
        return _percent(lift), (_percent(interval[0]), _percent(interval[1]))
    low, high = comparison.absolute_interval or (-math.inf, math.inf)
    return f"{comparison.absolute or 0:+.4g}", (f"{low:+.4g}", f"{high:+.4g}")


def _percent(share: float) -> str:
    return "any amount" if math.isinf(share) else f"{share:+,.1%}".replace("%", " %")


def _p(value: float | None) -> str:
    return "0" if not value else "below 0.001" if value < 0.001 else f"{value:.2g}"
