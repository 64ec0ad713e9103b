"""One row per receipt or order whose points expire: when, and whose they are.

Points expire `loyalty.expire_days` after they were earned, those of before the programme so long after its start; with
no such setting there are no rows. What is spent or taken back counts as the oldest points, so how many are left to
expire hangs on everything that the person did with them: `gold.loyalty_ledger` has that, as an entry of the day. This
table tells it whose day has come.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipelines.gold import loyalty_events as gold_loyalty_events
from pipelines.lakehouse.table import Col, Input, Table
from pipelines.lakehouse.types import DATE, LONG, STRING

TABLE = Table(
    name="gold.loyalty_expiries",
    doc=__doc__,
    key=("expires_on", "document_id"),
    scope=("expires_on",),
    columns=(
        Col("expires_on", DATE, "The first day on which the points count no longer", nullable=False),
        Col("document_id", STRING, "The `receipt_id`, or `order/` and the order's number", nullable=False),
        Col("identifier_type", STRING, "Type of the anchor identifier; null: nobody's"),
        Col("identifier_value", STRING, "The anchor identifier; null: nobody's"),
        Col("points", LONG, "Earned by it, before caps and returns", nullable=False),
    ),
    inputs=(Input(gold_loyalty_events.TABLE, by={"expires_on": "expires_on"}),),
)


def build(loyalty_events: DataFrame, *, as_of: date) -> DataFrame:
    """What was earned until `as_of` and expires, be it later."""
    lots = loyalty_events.where(F.col("expires_on").isNotNull() & (F.col("occurred_on") <= F.lit(as_of)))
    return lots.select(*TABLE.names)


def expired(entries: DataFrame, due: DataFrame) -> DataFrame:
    """`person_id, expires_on, points`: what expires of a person's points, above 0, on each day that is due.

    With L(d) what was earned and expires until the day d, less what was spent and taken back before it, all that
    has expired until d is the largest L(d') of the days d' until d, or 0: what an earlier day let go is gone, and of
    the rest the oldest is spent first. 10 points of January and 10 of June, 12 spent in July, a year's term: nothing
    expires in January (10 - 12 is below 0), and in June 8 do (20 - 12).

    Args:
        entries: `person_id, occurred_on, points, expires_on` of the ledger; of what is not earned that is null.
        due: `person_id, expires_on` of the days that have come.
    """
    counts_on = F.coalesce("expires_on", F.date_add("occurred_on", 1))
    moved = entries.select("person_id", counts_on.alias("day"), "points", F.lit(False).alias("is_due"))
    come = due.select(
        "person_id",
        F.col("expires_on").alias("day"),
        F.lit(0).cast(LONG).alias("points"),
        F.lit(True).alias("is_due"),
    )
    days = (
        moved.unionByName(come)
        .groupBy("person_id", "day")
        .agg(F.sum("points").alias("points"), F.max("is_due").alias("is_due"))
    )
    before = Window.partitionBy("person_id").orderBy("day")
    so_far = before.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    left = days.withColumn("left", F.sum("points").over(so_far)).where("is_due")
    gone = left.withColumn("gone", F.greatest(F.max("left").over(so_far), F.lit(0)))
    lost = F.col("gone") - F.lag("gone", 1, 0).over(before)
    return (
        gone.select("person_id", F.col("day").alias("expires_on"), lost.cast(LONG).alias("points"))
        .where(F.col("points") > 0)
        .select("person_id", "expires_on", "points")
    )
