"""One row per business day with a receipt: the figures that a retailer steers by.

A day without a receipt has no row. `repeat_share` asks, of the identified sale receipts of the day, how many
came from people who had bought on an earlier day; it is left-censored, since purchases before the data began,
or without a card, are not known.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.gold import customer_totals as gold_customer_totals
from pipelines.lakehouse.expectations import at_least, at_most
from pipelines.lakehouse.table import Col, Input, Table
from pipelines.lakehouse.types import DATE, DOUBLE, INT, MONEY
from pipelines.silver import receipt_lines as silver_receipt_lines

TABLE = Table(
    name="gold.kpi_daily",
    doc=__doc__,
    key=("purchased_on",),
    scope=("purchased_on",),
    columns=(
        Col("purchased_on", DATE, "Business day", nullable=False),
        Col("receipts", INT, "Number of sale receipts", nullable=False),
        Col("identified_receipts", INT, "How many of them carry an identifier", nullable=False),
        Col(
            "repeat_receipts",
            INT,
            "How many of those came from people who had bought on an earlier day",
            nullable=False,
        ),
        Col("people", INT, "Number of different anchor identifiers on them", nullable=False),
        Col(
            "net_revenue",
            MONEY,
            "Paid, after discounts, with VAT, less returns; in the business's currency",
            nullable=False,
        ),
        Col("identified_revenue", MONEY, "The part of it on identified receipts", nullable=False),
        Col("discount", MONEY, "Taken off for card and coupons, less that of returns", nullable=False),
        Col("identified_share", DOUBLE, "`identified_receipts / receipts`; null without a sale"),
        Col(
            "repeat_share", DOUBLE, "`repeat_receipts / identified_receipts`; null without an identified sale"
        ),
    ),
    inputs=(
        silver_receipt_lines.TABLE,
        Input(gold_customer_totals.TABLE, by={"purchased_on": "first_purchase_on"}),
    ),
    expect=(
        at_least("identified_share", 0),
        at_most("identified_share", 1),
        at_least("repeat_share", 0),
        at_most("repeat_share", 1),
    ),
)


def _share(part: Column, whole: Column) -> Column:
    return F.when(whole > 0, part / whole).cast(DOUBLE)


def build(receipt_lines: DataFrame, customer_totals: DataFrame, *, as_of: date) -> DataFrame:
    """Sums of each day; a person's receipts on their first day are those that are not repeats."""
    sale, identified = F.col("kind") == "sale", F.col("anchor_value").isNotNull()
    days = (
        receipt_lines.where(F.col("purchased_on") <= F.lit(as_of))
        .groupBy("purchased_on")
        .agg(
            F.count_distinct(F.when(sale, F.col("receipt_id"))).cast(INT).alias("receipts"),
            F.count_distinct(F.when(sale & identified, F.col("receipt_id")))
            .cast(INT)
            .alias("identified_receipts"),
            F.count_distinct(F.when(sale & identified, F.struct("anchor_type", "anchor_value")))
            .cast(INT)
            .alias("people"),
            F.sum("net_amount").cast(MONEY).alias("net_revenue"),
            F.sum(F.when(identified, F.col("net_amount")).otherwise(0))
            .cast(MONEY)
            .alias("identified_revenue"),
            F.sum("discount_amount").cast(MONEY).alias("discount"),
        )
    )
    firsts = customer_totals.groupBy(F.col("first_purchase_on").alias("purchased_on")).agg(
        F.sum("first_day_receipts").alias("first_receipts")
    )
    repeats = F.col("identified_receipts") - F.coalesce("first_receipts", F.lit(0))
    return (
        days.join(firsts, on="purchased_on", how="left")
        .withColumn("repeat_receipts", repeats.cast(INT))
        .withColumn("identified_share", _share(F.col("identified_receipts"), F.col("receipts")))
        .withColumn("repeat_share", _share(F.col("repeat_receipts"), F.col("identified_receipts")))
        .select(*TABLE.names)
    )
