"""What orders of the web shop came to, each purchase once: what a till takes is the receipt's."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.lakehouse.types import MONEY

_UNPAID = ("placed", "ready")  # of an order that waits to be picked up, and is paid at the till


def paid_online() -> Column:
    """Whether an order stands, and no till takes its money: neither has a receipt, nor waits to be picked up unpaid."""
    waits = (F.coalesce("fulfilment", F.lit("")) == "picked_up") & F.col("status").isin(*_UNPAID)
    return ~F.col("is_cancelled") & F.col("receipt_id").isNull() & ~waits


def orders_with_amounts(orders: DataFrame, order_lines: DataFrame) -> DataFrame:
    """Orders that stand, with `net_amount` and `discount_amount`; null where a till takes the money."""
    amounts = order_lines.groupBy("ordered_on", "order_id").agg(
        F.sum("net_amount").alias("_net"), F.sum("discount_amount").alias("_discount")
    )
    standing = orders.where(~F.col("is_cancelled")).join(amounts, on=["ordered_on", "order_id"], how="left")
    return standing.withColumns(
        {
            "net_amount": F.when(paid_online(), F.coalesce("_net", F.lit(0))).cast(MONEY),
            "discount_amount": F.when(paid_online(), F.coalesce("_discount", F.lit(0))).cast(MONEY),
        }
    ).drop("_net", "_discount")
