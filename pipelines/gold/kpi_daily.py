"""One row per business day with a receipt or an order: the figures that a retailer steers by.

A day without either has no row. Revenue of the shops is what tills took; an order counts where it was not paid at one.
By month, class, channel and cohort: `gold.kpi_monthly`. `repeat_share` asks, of the identified sale receipts of the
day, how many came from people who had bought on an earlier day; it is left-censored, since purchases before the data
began, or without a card, are not known.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.gold import customer_totals as gold_customer_totals
from pipelines.gold.paid_orders import orders_with_amounts
from pipelines.lakehouse.expectations import at_least, at_most
from pipelines.lakehouse.table import Col, Input, Table
from pipelines.lakehouse.types import DATE, DOUBLE, INT, MONEY
from pipelines.silver import order_lines as silver_order_lines
from pipelines.silver import orders as silver_orders
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
            "How many of those came from people who had bought on an earlier day, or under an identifier that is "
            "nobody's, as a cashier's card",
            nullable=False,
        ),
        Col("people", INT, "Number of different anchor identifiers on them", nullable=False),
        Col(
            "net_revenue",
            MONEY,
            "Paid at tills, after discounts, with VAT, less returns; in the business's currency",
            nullable=False,
        ),
        Col("identified_revenue", MONEY, "The part of it on identified receipts", nullable=False),
        Col("discount", MONEY, "Taken off for card and coupons, less that of returns", nullable=False),
        Col("orders", INT, "Number of orders that stand and are not paid at a till", nullable=False),
        Col("online_revenue", MONEY, "Paid for them", nullable=False),
        Col("new_customers", INT, "People whose first known purchase was on this day", nullable=False),
        Col("offline_share", DOUBLE, "`receipts / (receipts + orders)`; null without either"),
        Col("identified_share", DOUBLE, "`identified_receipts / receipts`; null without a sale"),
        Col(
            "identified_revenue_share",
            DOUBLE,
            "`identified_revenue / net_revenue`; null where returns outweigh the sales",
        ),
        Col(
            "repeat_share", DOUBLE, "`repeat_receipts / identified_receipts`; null without an identified sale"
        ),
    ),
    inputs=(
        silver_receipt_lines.TABLE,
        Input(silver_orders.TABLE, by={"purchased_on": "ordered_on"}),
        Input(silver_order_lines.TABLE, by={"purchased_on": "ordered_on"}),
        Input(
            gold_customer_totals.TABLE, by={"purchased_on": "first_purchase_on"}, on=("first_day_receipts",)
        ),
    ),
    expect=(
        at_least("offline_share", 0),
        at_most("offline_share", 1),
        at_least("identified_share", 0),
        at_most("identified_share", 1),
        at_least("repeat_share", 0),
        at_most("repeat_share", 1),
    ),
)


def _share(part: Column, whole: Column) -> Column:
    return F.when(whole > 0, part.cast(DOUBLE) / whole.cast(DOUBLE))


def build(
    receipt_lines: DataFrame,
    orders: DataFrame,
    order_lines: DataFrame,
    customer_totals: DataFrame,
    *,
    as_of: date,
) -> DataFrame:
    """Sums of each day; a person's receipts on their first day are those that are not repeats."""
    known = F.col("purchased_on") <= F.lit(as_of)
    firsts = customer_totals.groupBy(F.col("first_purchase_on").alias("purchased_on")).agg(
        F.sum("first_day_receipts").alias("first_receipts"),
        F.count(F.lit(1)).cast(INT).alias("new_customers"),
    )
    days = (
        _till_days(receipt_lines)
        .join(_order_days(orders, order_lines), on="purchased_on", how="full")
        .where(known)
        .join(firsts, on="purchased_on", how="left")
    )
    counted = days.withColumns(
        {
            c.name: F.coalesce(c.name, F.lit(0)).cast(c.type)
            for c in TABLE.columns
            if c.name in days.columns[1:]
        }
    )
    repeats = F.col("identified_receipts") - F.coalesce("first_receipts", F.lit(0))
    bought = F.col("receipts") + F.col("orders")
    return (
        counted.withColumn("repeat_receipts", repeats.cast(INT))
        .withColumn("offline_share", _share(F.col("receipts"), bought))
        .withColumn("identified_share", _share(F.col("identified_receipts"), F.col("receipts")))
        .withColumn("identified_revenue_share", _share(F.col("identified_revenue"), F.col("net_revenue")))
        .withColumn("repeat_share", _share(F.col("repeat_receipts"), F.col("identified_receipts")))
        .select(*TABLE.names)
    )


def _till_days(receipt_lines: DataFrame) -> DataFrame:
    """By receipt first, which leaves a tenth of the rows to count different ones of."""
    receipts = receipt_lines.groupBy("purchased_on", "receipt_id", "kind", "anchor_type", "anchor_value").agg(
        F.sum("net_amount").alias("net"), F.sum("discount_amount").alias("off")
    )
    sale, identified = F.col("kind") == "sale", F.col("anchor_value").isNotNull()
    anchor = F.concat_ws("\x1f", "anchor_type", "anchor_value")
    return receipts.groupBy("purchased_on").agg(
        F.count_if(sale).alias("receipts"),
        F.count_if(sale & identified).alias("identified_receipts"),
        F.count_distinct(F.when(sale & identified, anchor)).alias("people"),
        F.sum("net").alias("net_revenue"),
        F.sum(F.when(identified, F.col("net")).otherwise(0)).alias("identified_revenue"),
        F.sum("off").alias("discount"),
    )


def _order_days(orders: DataFrame, order_lines: DataFrame) -> DataFrame:
    paid = orders_with_amounts(orders, order_lines).where(F.col("net_amount").isNotNull())
    return paid.groupBy(F.col("ordered_on").alias("purchased_on")).agg(
        F.count(F.lit(1)).alias("orders"), F.sum("net_amount").alias("online_revenue")
    )
