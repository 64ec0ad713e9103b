"""A world's orders of the web shop, as records of their landing contract (a record frame: see `receipts`)."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.simulate.clock import HOUR, day_of, later, written
from pipelines.simulate.contacts import dictated, loyalty_card, payment_token, typed
from pipelines.simulate.draws import Draws
from pipelines.simulate.places import store_id
from pipelines.simulate.receipts import line_record
from pipelines.simulate.visits import to_buy
from pipelines.simulate.world import World

DELIVERY = "2.99"
"""Paid for each delivery; no part of the revenue."""


def order_records(purchases: DataFrame, world: World) -> DataFrame:
    """The records of `orders`: each as it is placed and as it ends, with what was delivered as revenue.

    One in twenty is cancelled, though none that is picked up: that one is paid at a till, and is the
    receipt's revenue.
    """
    draws, ids = Draws(world.seed), (F.col("person"), F.col("day"), F.col("slot"))
    picked = F.col("fulfilment") == "picked_up"
    cancelled = ~picked & draws.chance(0.05, "cancelled", *ids)
    shipped = later(F.col("at"), draws.below(60 * HOUR, "delivery", *ids) + 12 * HOUR)
    ordered = to_buy(purchases, world).withColumns(
        {"cancelled": cancelled, "ended_at": F.when(picked, F.col("paid_at")).otherwise(shipped)}
    )
    ending = F.when(F.col("cancelled"), "cancelled").otherwise("fulfilled")
    states = ordered.withColumn("status", F.explode(F.array(F.lit("placed"), ending)))
    status, ended = F.col("status"), F.col("status") != "placed"
    changed_at = F.when(ended, F.col("ended_at")).otherwise(F.col("at"))
    cents = F.aggregate("lines", F.lit(0).cast("long"), lambda total, line: total + line["cents"])
    record = F.struct(
        "order_id",
        written(F.col("at")).alias("ordered_at"),
        written(changed_at).alias("changed_at"),
        "status",
        F.when(status == "cancelled", written(F.col("ended_at"))).alias("cancelled_at"),
        F.when(status == "cancelled", "changed my mind").alias("cancel_reason"),
        "fulfilment",
        F.when(F.col("fulfilment") != "delivered_from_stock", store_id(F.col("store"))).alias("store_id"),
        F.when(picked & ended, F.col("receipt_id")).alias("receipt_id"),
        F.when(F.col("card_shown"), loyalty_card(F.col("person"))).alias("loyalty_card"),
        F.when(F.col("signs_in"), F.col("login")).alias("login"),
        "cookie",
        typed(F.col("email"), draws.uniform("order email", *ids)).alias("email"),
        F.when(~picked, dictated(F.col("phone"), draws.uniform("order phone", *ids))).alias("phone"),
        F.when(~picked & F.col("has_bank_card"), payment_token(draws, F.col("person"))).alias(
            "payment_token"
        ),
        F.when(~picked, F.lit(DELIVERY)).alias("delivery_amount"),
        F.transform("lines", line_record).alias("lines"),
    )
    return states.select(
        record.alias("record"),
        F.concat_ws("/", "order_id", status).alias("id"),
        changed_at.alias("at"),
        F.size("lines").alias("lines"),
        F.when((status == "fulfilled") & ~picked, cents).otherwise(F.lit(0)).alias("cents"),
        F.col("at").alias("dated_at"),
        (~ended & (day_of(world, F.col("ended_at")) < world.days)).alias("replaced"),
    )
