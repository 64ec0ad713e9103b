"""One row per person and product bought as a habit: its usual interval, when it is due next, and why.

A habit is a product bought on at least `min_purchase_days` different days. Its interval is the median of the
days between them, at least `min_interval_days`; the next due date is the last purchase plus the interval.
Nothing here ages: whether a date has passed is asked when a mail is made.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.gold import product_days as gold_product_days
from pipelines.lakehouse.expectations import at_least, in_order
from pipelines.lakehouse.table import PERSON, Col, Input, Table
from pipelines.lakehouse.types import DATE, INT, QUANTITY, STRING
from pipelines.silver import person_identifiers as silver_person_identifiers
from pipelines.silver.person_identifiers import IDENTIFIER, current

TABLE = Table(
    name="gold.replenishment",
    doc=__doc__,
    key=("person_id", "product_id"),
    scope=("person_id",),
    columns=(
        PERSON,
        Col("product_id", STRING, "The good", nullable=False),
        Col("purchase_days", INT, "Number of different days it was bought on", nullable=False),
        Col("interval_days", INT, "Median days between purchases, rounded half up", nullable=False),
        Col("usual_quantity", QUANTITY, "Mean quantity on a purchase day, to a thousandth", nullable=False),
        Col("last_purchase_on", DATE, "The last of those days", nullable=False),
        Col("next_due_on", DATE, "`last_purchase_on + interval_days`", nullable=False),
        Col("reason", STRING, "What a customer would understand", nullable=False),
    ),
    inputs=(
        Input(gold_product_days.TABLE, through=silver_person_identifiers.TABLE, on=IDENTIFIER),
        silver_person_identifiers.TABLE,
    ),
    params=("replenishment.min_purchase_days", "replenishment.min_interval_days"),
    expect=(
        at_least("purchase_days", 2),
        at_least("interval_days", 1),
        in_order("last_purchase_on", "next_due_on"),
    ),
)


def build(
    product_days: DataFrame,
    person_identifiers: DataFrame,
    *,
    as_of: date,
    min_purchase_days: int,
    min_interval_days: int,
) -> DataFrame:
    """Habits from the days each person bought each product on."""
    bought = product_days.where(
        (F.col("purchased_on") <= F.lit(as_of)) & (F.col("lines") > 0) & (F.col("quantity") > 0)
    )
    habits = (
        bought.join(current(person_identifiers), on=list(IDENTIFIER), how="inner")
        .groupBy("person_id", "product_id")
        .agg(F.collect_set("purchased_on").alias("days"), F.sum("quantity").alias("quantity"))
        .where(F.size("days") >= min_purchase_days)
        .withColumn("days", F.array_sort("days"))
    )
    places = F.sequence(F.lit(1), F.size("days") - 1)
    gaps = F.array_sort(F.transform(places, lambda i: F.date_diff(F.get("days", i), F.get("days", i - 1))))
    halves = (F.size("gaps") - 1) / 2, F.size("gaps") / 2
    lower, upper = (F.get("gaps", F.floor(half).cast(INT)) for half in halves)
    middle = (lower + upper) / 2
    interval = F.greatest(F.floor(middle + 0.5).cast(INT), F.lit(min_interval_days))
    return (
        habits.withColumn("gaps", gaps)
        .withColumn("interval_days", interval)
        .withColumn("last_purchase_on", F.element_at("days", -1))
        .select(
            "person_id",
            "product_id",
            F.size("days").alias("purchase_days"),
            "interval_days",
            F.round(F.col("quantity") / F.size("days"), 3).cast(QUANTITY).alias("usual_quantity"),
            "last_purchase_on",
            F.date_add("last_purchase_on", F.col("interval_days")).alias("next_due_on"),
            F.concat(
                F.lit("You buy this about every "),
                F.col("interval_days").cast(STRING),
                F.lit(" days; the last time was on "),
                F.date_format("last_purchase_on", "d MMMM"),
                F.lit("."),
            ).alias("reason"),
        )
    )
