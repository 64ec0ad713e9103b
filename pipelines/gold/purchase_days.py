"""One row per business day, identifier and store with a purchase: what was bought there that day, as sums.

A partial: additive, replaced by day, and untouched when persons merge or split. Roll-ups per person are taken
over it. Only identified receipts are here; returns lower the sums.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.lakehouse.table import Col, Table
from pipelines.lakehouse.types import DATE, INT, MONEY, STRING
from pipelines.silver import receipt_lines as silver_receipt_lines

TABLE = Table(
    name="gold.purchase_days",
    doc=__doc__,
    key=("purchased_on", "identifier_type", "identifier_value", "store_id"),
    scope=("purchased_on",),
    columns=(
        Col("purchased_on", DATE, "Business day", nullable=False),
        Col("identifier_type", STRING, "Type of the receipts' anchor identifier", nullable=False),
        Col("identifier_value", STRING, "The receipts' anchor identifier", nullable=False),
        Col("store_id", STRING, "The shop", nullable=False),
        Col("receipts", INT, "Number of sale receipts; returns are not counted", nullable=False),
        Col("lines", INT, "Number of lines on them", nullable=False),
        Col(
            "net_revenue",
            MONEY,
            "Paid, after discounts, with VAT, less returns; in the business's currency",
            nullable=False,
        ),
        Col("discount", MONEY, "Taken off for card and coupons, less that of returns", nullable=False),
    ),
    inputs=(silver_receipt_lines.TABLE,),
)


def build(receipt_lines: DataFrame, *, as_of: date) -> DataFrame:
    """Sums over the day's identified lines."""
    sale = F.col("kind") == "sale"
    return (
        receipt_lines.where(F.col("anchor_value").isNotNull())
        .groupBy(
            "purchased_on",
            F.col("anchor_type").alias("identifier_type"),
            F.col("anchor_value").alias("identifier_value"),
            "store_id",
        )
        .agg(
            F.count_distinct(F.when(sale, F.col("receipt_id"))).cast(INT).alias("receipts"),
            F.count_if(sale).cast(INT).alias("lines"),
            F.sum("net_amount").cast(MONEY).alias("net_revenue"),
            F.sum("discount_amount").cast(MONEY).alias("discount"),
        )
    )
