"""One row per purchase or return: a till's receipt, or an order of the web shop that is no pick-up, as one sum.

A partial by business day: nothing in it leans on another day or on who a person is. An order that is picked up is paid
at a till, so it is that receipt (`side` is `click_and_collect`), and never counted twice; a cancelled order is none.
Returns are rows of their own, with what they take back.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.gold.paid_orders import orders_with_amounts
from pipelines.lakehouse.expectations import one_of
from pipelines.lakehouse.table import Col, Input, Table
from pipelines.lakehouse.types import DATE, MONEY, STRING, TIMESTAMP
from pipelines.silver import order_lines as silver_order_lines
from pipelines.silver import orders as silver_orders
from pipelines.silver import receipt_lines as silver_receipt_lines
from pipelines.silver import receipts as silver_receipts

OFFLINE, ONLINE, CLICK_AND_COLLECT = SIDES = ("offline", "online", "click_and_collect")
ANONYMOUS = "anonymous/"

TABLE = Table(
    name="gold.purchases",
    doc=__doc__,
    key=("purchased_on", "purchase_id"),
    scope=("purchased_on",),
    columns=(
        Col("purchase_id", STRING, "The receipt's or the order's id", nullable=False),
        Col("purchased_on", DATE, "Business day", nullable=False),
        Col(
            "purchased_at", TIMESTAMP, "The till's clock, or when the order was placed (UTC)", nullable=False
        ),
        Col("side", STRING, ", ".join(f"`{side}`" for side in SIDES), nullable=False),
        Col("kind", STRING, "`sale` or `return`", nullable=False),
        Col("store_id", STRING, "The shop; null: an order that no shop delivers"),
        Col("identifier_type", STRING, "Type of the anchor identifier; null: anonymous"),
        Col("identifier_value", STRING, "The anchor identifier; null: anonymous"),
        Col(
            "anonymous_group",
            STRING,
            f"`{ANONYMOUS}` and the day of an anonymous one, which has no other owner; null: identified",
        ),
        Col("order_id", STRING, "The web shop's order that it is, or that was picked up; null: neither"),
        Col(
            "returns_purchase",
            STRING,
            "Of a return: the `purchase_id` it takes back, which need not be here; null: a sale, or not told",
        ),
        Col(
            "net_revenue",
            MONEY,
            "Paid for the goods, after discounts, with VAT; negative for a return; in the business's currency",
            nullable=False,
        ),
    ),
    inputs=(
        silver_receipts.TABLE,
        silver_receipt_lines.TABLE,
        Input(silver_orders.TABLE, by={"purchased_on": "ordered_on"}),
        Input(silver_order_lines.TABLE, by={"purchased_on": "ordered_on"}),
    ),
    expect=(one_of("side", SIDES), one_of("kind", ("sale", "return"))),
)


def build(
    receipts: DataFrame, receipt_lines: DataFrame, orders: DataFrame, order_lines: DataFrame, *, as_of: date
) -> DataFrame:
    """Receipts and delivered orders, each with the sum of its lines; one without a good line is 0."""
    picked_up = F.col("order_id").isNotNull()
    by = ["purchased_on", "receipt_id"]
    sums = receipt_lines.groupBy(*by).agg(F.sum("net_amount").alias("net_revenue"))
    joined = receipts.join(sums, on=by, how="left")
    summed = joined.withColumn("net_revenue", F.coalesce("net_revenue", F.lit(0)).cast(MONEY))
    tilled = summed.select(
        F.col("receipt_id").alias("purchase_id"),
        "purchased_on",
        "purchased_at",
        F.when(picked_up, CLICK_AND_COLLECT).otherwise(OFFLINE).alias("side"),
        "kind",
        "store_id",
        "anchor_type",
        "anchor_value",
        "order_id",
        F.col("returns_receipt").alias("returns_purchase"),
        "net_revenue",
    )
    paid = orders_with_amounts(orders, order_lines).where(F.col("net_amount").isNotNull())
    ordered = paid.select(
        F.col("order_id").alias("purchase_id"),
        F.col("ordered_on").alias("purchased_on"),
        F.col("ordered_at").alias("purchased_at"),
        F.lit(ONLINE).alias("side"),
        F.lit("sale").alias("kind"),
        "store_id",
        "anchor_type",
        "anchor_value",
        "order_id",
        F.lit(None).cast(STRING).alias("returns_purchase"),
        F.col("net_amount").alias("net_revenue"),
    )
    both = tilled.unionByName(ordered).where(F.col("purchased_on") <= F.lit(as_of))
    group = F.concat(F.lit(ANONYMOUS), F.col("purchased_on").cast(STRING))
    return both.withColumns(
        {
            "identifier_type": F.col("anchor_type"),
            "identifier_value": F.col("anchor_value"),
            "anonymous_group": F.when(F.col("anchor_value").isNull(), group),
        }
    ).select(*TABLE.names)
