"""Shops and site together: research before a till, pick-ups, where people buy, first visits by a mail."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.gold.purchases import CLICK_AND_COLLECT, OFFLINE, ONLINE
from pipelines.lakehouse.types import MONEY

ROPO_DAYS = (1, 7, 14, 30)
PLACEBO_DAYS = 91
"""By so many days purchases are moved back for the placebo: whole weeks, so that weekdays stay."""
_DAY = 24 * 60 * 60 * 1_000_000  # microseconds

Rows = list[Any]


def total(value: Column, condition: Column) -> Column:
    """The sum where the condition holds; of nothing 0."""
    return F.coalesce(F.sum(F.when(condition, value)), F.lit(0)).cast(MONEY)


def ropo(sold: DataFrame, touched: DataFrame, since: date) -> Any:
    """Of identified receipts in shops, those with a visit of the same person in the days before; and the placebo.

    For the placebo each purchase is moved back by 91 days, so that nothing could have led to it but habit; only
    purchases whose days before lie in the period either way are counted.
    """
    first = since + timedelta(PLACEBO_DAYS + max(ROPO_DAYS))
    offline = sold.where((F.col("side") == OFFLINE) & (F.col("purchased_on") >= F.lit(first)))
    bought = offline.where(F.col("person_id").isNotNull()).select(
        "person_id", "purchase_id", "net_revenue", F.unix_micros("purchased_at").alias("at")
    )
    visits = touched.where(F.col("kind") == "session").select(
        "person_id", F.unix_micros("touched_at").alias("visited")
    )
    wait, longest = F.col("at") - F.col("visited"), max(ROPO_DAYS) * _DAY
    shifted = wait - PLACEBO_DAYS * _DAY
    near = (
        bought.join(visits, on="person_id", how="left")
        .groupBy("purchase_id", "net_revenue")
        .agg(
            F.min(F.when(wait.between(0, longest), wait)).alias("wait"),
            F.min(F.when(shifted.between(0, longest), shifted)).alias("shifted"),
        )
    )
    sums = near.agg(
        F.count(F.lit(1)).alias("identified"),
        total(F.col("net_revenue"), F.lit(True)).alias("revenue"),
        *(
            total(F.col("net_revenue"), F.col(name) <= days * _DAY).alias(f"{name}_{days}")
            for days in ROPO_DAYS
            for name in ("wait", "shifted")
        ),
    )
    everybody = offline.agg(total(F.col("net_revenue"), F.lit(True)).alias("offline_revenue"))
    return sums.crossJoin(everybody).collect()[0]  # one row


def sides(sold: DataFrame) -> Rows:
    """Sales by side; of those picked up, how many in the shop of the person's first purchase."""
    in_shop = F.col("side") != ONLINE
    first = (
        sold.where(in_shop & F.col("person_id").isNotNull())
        .groupBy("person_id")
        .agg(F.min_by("store_id", F.struct("purchased_at", "purchase_id")).alias("first_store"))
    )
    rows = (
        sold.join(first, on="person_id", how="left")
        .groupBy("side")
        .agg(
            F.count(F.lit(1)).alias("purchases"),
            F.sum("net_revenue").cast(MONEY).alias("value"),
            F.count_if(F.col("store_id") == F.col("first_store")).alias("first_store"),
        )
    )
    return rows.orderBy("side").collect()  # one row a side


def mixes(sold: DataFrame) -> Rows:
    """People by where they buy; an order that is picked up is online."""
    online = F.col("side").isin(ONLINE, CLICK_AND_COLLECT)
    people = (
        sold.where(F.col("person_id").isNotNull())
        .groupBy("person_id")
        .agg(
            F.max(online).alias("online"),
            F.max(~online).alias("offline"),
            F.count(F.lit(1)).alias("purchases"),
            F.sum("net_revenue").alias("value"),
        )
    )
    mix = F.when(F.col("online") & F.col("offline"), "both").when(F.col("online"), ONLINE).otherwise(OFFLINE)
    rows = people.groupBy(mix.alias("mix")).agg(
        F.count(F.lit(1)).alias("people"),
        F.sum("purchases").alias("purchases"),
        F.sum("value").cast(MONEY).alias("value"),
    )
    return rows.orderBy("mix").collect()  # three rows


def newcomers(touched: DataFrame) -> Any:
    """People who clicked a message, and those of them whose first known visit is not before their first click."""
    clicked, visited = (
        F.min(F.when(F.col("kind") == kind, F.col("touched_at"))) for kind in ("clicked", "session")
    )
    people = touched.groupBy("person_id").agg(clicked.alias("clicked"), visited.alias("visited"))
    came = people.where(F.col("clicked").isNotNull() & F.col("visited").isNotNull())
    return came.agg(
        F.count(F.lit(1)).alias("clickers"),
        F.count_if(F.col("visited") >= F.col("clicked")).alias("newcomers"),
    ).collect()[0]  # one row
