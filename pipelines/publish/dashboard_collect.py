"""How the engine brings the dashboard's sums together: by day, shop and channel, and never by people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.gold.attribution_events import CHANNELS
from pipelines.gold.send_decisions import OUTCOMES
from pipelines.lakehouse.types import LONG, STRING

DAYS = 91
"""The dashboard looks back so far."""
SHOPS = 12
"""Shops with a name of their own, those that took most; the others are one."""
SEGMENTS = 12
"""Segments shown, the largest that are not everybody."""
OTHERS, NO_SHOP, NO_CHANNEL = "Other shops", "No shop", "No channel"
MODELS = ("last_click", "last_non_direct", "linear", "shapley")
"""The models of attribution that stand side by side."""

Rows = list[Any]


def called(store_id: str) -> str:
    """A shop as people read it."""
    return f"Shop {store_id}"


@dataclass(frozen=True)
class DashboardFigures:
    """What the dashboard is drawn from; rows as the engine gives them, amounts in hundredths.

    Args:
        shops: Those with a name of their own, the one that took most first.
        sold: `day, shop, sales, identified, revenue`: sale receipts and orders; revenue less returns.
        segments: Rows of `gold.segments` of the date, the largest first.
        decided: `day, shop, channel, trigger, gate` and a number for each outcome; a null gate: nothing stopped it.
        credited: `day, shop, channel` and the value attributed by each of `MODELS`.
    """

    shops: list[str]
    sold: Rows
    segments: Rows
    decided: Rows
    credited: Rows


def collect_dashboard(
    as_of: date,
    segments: DataFrame,
    purchases: DataFrame,
    send_decisions: DataFrame,
    attribution: DataFrame,
) -> DashboardFigures:
    """Sums of the last `DAYS` days up to `as_of`.

    Args:
        as_of: The business date.
        segments: `gold.segments` of the date.
        purchases: `gold.purchases`.
        send_decisions: `gold.send_decisions`.
        attribution: `gold.attribution`.
    """
    first = as_of - timedelta(DAYS - 1)
    sold = _since(purchases, F.col("purchased_on"), first, as_of)
    most = sold.where("store_id IS NOT NULL").groupBy("store_id").agg(F.sum("net_revenue").alias("revenue"))
    shops = [row.store_id for row in most.orderBy(F.desc("revenue"), "store_id").limit(SHOPS).collect()]
    is_sale, known = F.col("kind") == "sale", F.col("identifier_value").isNotNull()
    decided_on = F.coalesce("decided_on", "raised_on")
    return DashboardFigures(
        shops=shops,
        sold=_by(sold, shops)
        .agg(
            F.count_if(is_sale).alias("sales"),
            F.count_if(is_sale & known).alias("identified"),
            _cents(F.sum("net_revenue")).alias("revenue"),
        )
        .collect(),  # days by shops
        segments=segments.where("share < 1")
        .orderBy(F.desc("members"), "segment")
        .limit(SEGMENTS)
        .collect(),
        decided=_by(
            _since(send_decisions, decided_on, first, as_of).withColumn("channel", _channel()),
            shops, "channel", "trigger", F.col("refused_by").alias("gate"),
        )
        .agg(*(F.count_if(F.col("outcome") == outcome).alias(outcome) for outcome in OUTCOMES))
        .collect(),  # days by shops, channels, triggers and gates
        credited=_by(_since(attribution, F.col("purchased_on"), first, as_of), shops, "channel")
        .agg(*(_cents(F.sum(F.when(F.col("model") == model, F.col("value")))).alias(model) for model in MODELS))
        .collect(),  # days by shops and channels
    )  # fmt: skip


def _since(rows: DataFrame, day: Column, first: date, last: date) -> DataFrame:
    return rows.withColumn("day", day).where(F.col("day").between(F.lit(first), F.lit(last)))


def _by(rows: DataFrame, shops: list[str], *more: str | Column) -> Any:
    own = F.when(F.col("store_id").isin(*shops), F.concat(F.lit("Shop "), F.col("store_id")))
    shop = F.when(F.col("store_id").isNull(), NO_SHOP).otherwise(F.coalesce(own, F.lit(OTHERS)))
    return rows.groupBy(F.col("day").cast(STRING).alias("day"), shop.alias("shop"), *more)


def _channel() -> Column:
    """A message's channel, as attribution calls it."""
    named = F.lit(NO_CHANNEL)
    for name, called in CHANNELS.items():
        named = F.when(F.col("channel") == name, called).otherwise(named)
    return named


def _cents(amount: Column) -> Column:
    return F.coalesce((amount * 100).cast(LONG), F.lit(0).cast(LONG))
