"""How regularly somebody comes: the days between their days, and where today stands in that."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

EARLY, ON_TIME, LATE = "early", "on_time", "late"


def gaps(days: Column) -> Column:
    """Days between neighbours of a sorted array of different dates: one fewer than these; null for none or one.

    1, 4 and 14 March give 3 and 10.
    """
    places = F.sequence(F.lit(1), F.size(days) - 1)
    between = F.transform(places, lambda i: F.date_diff(F.get(days, i), F.get(days, i - 1)).cast("int"))
    return F.when(F.size(days) > 1, between)


def median_days(sorted_gaps: Column) -> Column:
    """The middle of a sorted array of whole numbers, of two middles their mean rounded half up; null of null.

    3 and 10 give 7.
    """
    size = F.size(sorted_gaps)
    lower, upper = (F.floor((size - 1) / 2).cast("int"), F.floor(size / 2).cast("int"))
    middle = (F.get(sorted_gaps, lower) + F.get(sorted_gaps, upper)) / 2
    return F.when(size > 0, F.floor(middle + 0.5).cast("int"))


def punctuality(recency_days: Column, interval_days: Column, tolerance: float) -> Column:
    """`early`, `on_time` or `late`: today against the day that is due, an interval after the last.

    With a tolerance of 0.25 and an interval of 20 days, days 15 to 25 after the last are on time.
    """
    ratio = recency_days.cast("double") / interval_days
    return (
        F.when(ratio < 1 - tolerance, EARLY)
        .when(ratio <= 1 + tolerance, ON_TIME)
        .when(ratio.isNotNull(), LATE)
    )
