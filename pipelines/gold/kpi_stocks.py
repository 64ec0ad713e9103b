"""What is so at each month's end: the metrics of `gold.kpi_monthly` that add up over the months."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.gold.customer_outlook import CLASSES
from pipelines.gold.kpi_metrics import WIDE, cohort, month
from pipelines.lakehouse.types import STRING


def stocks(days: DataFrame, customer_totals: DataFrame) -> DataFrame:
    """What is so at each month's end: what came until then, less what went.

    Of each person the months in which a numerator or denominator grows or shrinks by one are laid out, summed by month,
    and added up along the months that have a row in `gold.kpi_daily`.
    """
    first = F.col("first_purchase_on")
    people = customer_totals.where(first.isNotNull())
    changes = people.select(F.explode(F.array(*_changes(first))).alias("_each")).select("_each.*")
    key = ("metric", "grouping", "member")
    deltas = (
        changes.where(F.col("month").isNotNull())
        .groupBy("month", *key)
        .agg(F.sum("up").alias("up"), F.sum("of").alias("of"))
    )
    months = days.select(month("purchased_on").alias("month")).distinct()
    grid = deltas.select(*key).distinct().crossJoin(months)
    nothing = grid.select("month", *key, F.lit(0).cast("long").alias("up"), F.lit(0).cast("long").alias("of"))
    past = Window.partitionBy(*key).orderBy("month").rowsBetween(Window.unboundedPreceding, 0)
    along = (
        deltas.unionByName(nothing)
        .groupBy("month", *key)
        .agg(F.sum("up").alias("up"), F.sum("of").alias("of"))
        .withColumn("numerator", F.sum("up").over(past).cast(WIDE))
        .withColumn("denominator", F.sum("of").over(past).cast(WIDE))
    )
    told = along.join(months, on="month", how="left_semi").where("denominator > 0")
    return told.select("month", "grouping", "member", "metric", "numerator", "denominator")


def _changes(first: Column) -> list[Column]:
    """What a person changes in each stock: month, metric, grouping, member, numerator, denominator."""

    def change(
        metric: str, day: Column, up: int, of: int, grouping: str = "all", member: Column | None = None
    ) -> Column:
        named = F.lit("all") if member is None else member
        return F.struct(
            month(day).alias("month"),
            F.lit(metric).alias("metric"),
            F.lit(grouping).alias("grouping"),
            named.cast(STRING).alias("member"),
            F.lit(up).cast("long").alias("up"),
            F.lit(of).cast("long").alias("of"),
        )

    def since(*days: str) -> Column:
        """The last of the days, of which none may be missing."""
        given = reduce(lambda a, b: a & b, (F.col(day).isNotNull() for day in days))
        return F.when(given, F.greatest(first, *(F.col(day) for day in days)))

    online, offline, both = (
        "first_online_purchase_on",
        "first_offline_purchase_on",
        since("first_online_purchase_on", "first_offline_purchase_on"),
    )
    found = [change(metric, first, 0, 1) for metric in ("email", "phone", "consent")]
    found += [change("customers", first, 0, 1, "class", F.lit(each)) for each in CLASSES]
    found += [
        change("email", since("email_since"), 1, 0),
        change("phone", since("phone_since"), 1, 0),
        change("consent", since("email_since"), 1, 0),
        change("consent", since("email_since", "email_withdrawn_on"), -1, 0),
        change("customers", F.col(online), 1, 0, "class", F.lit(CLASSES[0])),
        change("customers", both, -1, 0, "class", F.lit(CLASSES[0])),
        change("customers", F.col(offline), 1, 0, "class", F.lit(CLASSES[1])),
        change("customers", both, -1, 0, "class", F.lit(CLASSES[1])),
        change("customers", both, 1, 0, "class", F.lit(CLASSES[2])),
        change("second_purchase", first, 0, 1, "cohort", cohort()),
        change("second_purchase", F.col("second_purchase_on"), 1, 0, "cohort", cohort()),
    ]
    return found
