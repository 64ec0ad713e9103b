"""The business day of a fact, how late it came, and what a wrong clock looks like.

Three things can be wrong with a sender's clock. No offset: `parse.placed` puts it into its shop's zone. Ahead:
dated after the day its file arrived, the fact is refused (`FUTURE`). Behind: before the business's first day,
where a till's empty battery puts it, it is refused (`TOO_OLD`); later than that it counts on the day it names,
since a late record and an old clock look the same, and `days_late` tells how far off it is.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.calc.time import business_date
from pipelines.lakehouse.reasons import Reason
from pipelines.lakehouse.refusal import Objection, refuse_if
from pipelines.lakehouse.table import Col
from pipelines.lakehouse.types import INT

DAYS_LATE = Col(
    "days_late",
    INT,
    "Days from the business day to that of the arrival; 0 or 1: in time, since files of a day come in the night",
    nullable=False,
)
PARAMS = ("business.time_zone", "business.first_day")


def dated(rows: DataFrame, day: str, instant: str, *, time_zone: str, first_day: date) -> DataFrame:
    """Rows of `parse` with the business day of an instant, `days_late`, and the reasons of a wrong clock.

    Args:
        rows: They carry `arrived_at`.
        day: The column to add.
        instant: The column with the sender's clock (UTC); null is left for the contract to refuse.
        time_zone: The business's.
        first_day: Nothing happened before it.
    """
    arrived_on = business_date(F.col("arrived_at"), time_zone)
    placed = rows.withColumn(day, business_date(F.col(instant), time_zone))
    return refuse_if(
        placed.withColumn("days_late", F.datediff(arrived_on, day)),
        Objection(F.col(day) > arrived_on, Reason.FUTURE, instant),
        Objection(F.col(day) < F.lit(first_day), Reason.TOO_OLD, instant),
    )
