"""One row per person with a purchase: what is true of their whole history and does not age.

The roll-up over `gold.purchase_days`. What changes merely because a day goes by (recency, scores) stands in
`gold.customer_360`.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipelines.gold import purchase_days as gold_purchase_days
from pipelines.lakehouse.expectations import at_least, in_order
from pipelines.lakehouse.table import PERSON, Col, Input, Table
from pipelines.lakehouse.types import DATE, INT, MONEY, STRING
from pipelines.silver import person_identifiers as silver_person_identifiers
from pipelines.silver.person_identifiers import IDENTIFIER, current

TABLE = Table(
    name="gold.customer_totals",
    doc=__doc__,
    key=("person_id",),
    scope=("person_id",),
    columns=(
        PERSON,
        Col("first_purchase_on", DATE, "Business day of the first sale receipt", nullable=False),
        Col("last_purchase_on", DATE, "Business day of the last sale receipt", nullable=False),
        Col("purchase_days", INT, "Number of different days with a sale receipt", nullable=False),
        Col("receipts", INT, "Number of sale receipts", nullable=False),
        Col("first_day_receipts", INT, "How many of them on `first_purchase_on`", nullable=False),
        Col(
            "net_revenue",
            MONEY,
            "Paid over the whole history, less returns; in the business's currency",
            nullable=False,
        ),
        Col("discount", MONEY, "Taken off over the whole history", nullable=False),
        Col(
            "favourite_store",
            STRING,
            "Most receipts; ties by revenue, then by the last day, then by id",
            nullable=False,
        ),
    ),
    inputs=(
        Input(gold_purchase_days.TABLE, through=silver_person_identifiers.TABLE, on=IDENTIFIER),
        silver_person_identifiers.TABLE,
    ),
    expect=(at_least("receipts", 1), in_order("first_purchase_on", "last_purchase_on")),
)


def build(purchase_days: DataFrame, person_identifiers: DataFrame, *, as_of: date) -> DataFrame:
    """Totals of each person over the days up to `as_of`; a person with returns only has no row."""
    persons = current(person_identifiers)
    days = purchase_days.where(F.col("purchased_on") <= F.lit(as_of)).join(
        persons, on=list(IDENTIFIER), how="inner"
    )
    stores = days.groupBy("person_id", "store_id").agg(
        F.sum("receipts").alias("receipts"),
        F.sum("net_revenue").alias("net_revenue"),
        F.max("purchased_on").alias("last_day"),
    )
    favourite = stores.groupBy("person_id").agg(
        F.max_by("store_id", F.struct("receipts", "net_revenue", "last_day", "store_id")).alias(
            "favourite_store"
        )
    )
    sold_on = F.when(F.col("receipts") > 0, F.col("purchased_on"))
    first_day = F.min(sold_on).over(Window.partitionBy("person_id"))
    totals = (
        days.withColumn("first_purchase_on", first_day)
        .groupBy("person_id")
        .agg(
            F.first("first_purchase_on").alias("first_purchase_on"),
            F.max(sold_on).alias("last_purchase_on"),
            F.count_distinct(sold_on).cast(INT).alias("purchase_days"),
            F.sum("receipts").cast(INT).alias("receipts"),
            F.sum(F.when(F.col("purchased_on") == F.col("first_purchase_on"), F.col("receipts")).otherwise(0))
            .cast(INT)
            .alias("first_day_receipts"),
            F.sum("net_revenue").cast(MONEY).alias("net_revenue"),
            F.sum("discount").cast(MONEY).alias("discount"),
        )
        .where(F.col("first_purchase_on").isNotNull())
    )
    return totals.join(favourite, on="person_id", how="inner").select(*TABLE.names)
