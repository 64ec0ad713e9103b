"""One row per business day, identifier and product bought: quantity and amount, as sums.

A partial: additive, replaced by day, and untouched when persons merge or split. Interests, replenishment and
the models read the person's history from here. Only identified lines are here; returns lower the sums.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.lakehouse.table import Col, Table
from pipelines.lakehouse.types import DATE, INT, MONEY, QUANTITY, STRING
from pipelines.silver import receipt_lines as silver_receipt_lines

TABLE = Table(
    name="gold.product_days",
    doc=__doc__,
    key=("purchased_on", "identifier_type", "identifier_value", "product_id"),
    scope=("purchased_on",),
    columns=(
        Col("purchased_on", DATE, "Business day", nullable=False),
        Col("identifier_type", STRING, "Type of the receipts' anchor identifier", nullable=False),
        Col("identifier_value", STRING, "The receipts' anchor identifier", nullable=False),
        Col("product_id", STRING, "The good; it need not be in the catalogue", nullable=False),
        Col("lines", INT, "Number of sale lines; returns are not counted", nullable=False),
        Col("quantity", QUANTITY, "Pieces or kilograms, less returned", nullable=False),
        Col(
            "net_amount",
            MONEY,
            "Paid, after discounts, with VAT, less returns; in the business's currency",
            nullable=False,
        ),
    ),
    inputs=(silver_receipt_lines.TABLE,),
)


def build(receipt_lines: DataFrame, *, as_of: date) -> DataFrame:
    """Sums over the day's identified lines."""
    return (
        receipt_lines.where(F.col("anchor_value").isNotNull())
        .groupBy(
            "purchased_on",
            F.col("anchor_type").alias("identifier_type"),
            F.col("anchor_value").alias("identifier_value"),
            "product_id",
        )
        .agg(
            F.count_if(F.col("kind") == "sale").cast(INT).alias("lines"),
            F.sum("quantity").cast(QUANTITY).alias("quantity"),
            F.sum("net_amount").cast(MONEY).alias("net_amount"),
        )
    )
