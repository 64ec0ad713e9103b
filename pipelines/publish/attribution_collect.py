"""How the engine brings the figures of the attribution report together: aggregates small enough for the driver."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.gold.purchases import ONLINE
from pipelines.lakehouse.types import MONEY
from pipelines.publish.attribution_goods import by_category, category_sums, touches_by_category
from pipelines.publish.attribution_messages import clicked, messages_by_trigger
from pipelines.publish.attribution_paths import common_paths
from pipelines.publish.attribution_sides import Rows, mixes, newcomers, ropo, sides, total
from pipelines.silver.machine_events import with_machines
from pipelines.silver.person_identifiers import IDENTIFIER, current

MESSAGES = ("Email", "SMS", "Mobile Push", "Direct Mail")
PATHS_BY = _EVERY = "linear"
"""The model that credits each touch, so that its rows tell which touches a purchase saw."""
GOODS_BY = ("last_click", "post_click", _EVERY)
"""The models that the report breaks down by category of the goods bought."""


@dataclass(frozen=True)
class AttributionFigures:
    """What the report is drawn from; rows as the engine gives them.

    Args:
        channels: `gold.attribution_channels` of the date.
        paths: The most frequent paths, and all; as `common_paths` gives them.
        by_trigger: `channel, trigger, model, purchases, value` of messages and visits, by the rules and the chain.
        influenced: One row: what messages were seen by, of purchases in shops.
        by_month: `month, channel, value` by linear credit.
        touches: `year, category, purchases, touches`: of purchases that saw any; a null category: of all goods.
        later: `channel, side, purchases, value`: of purchases after a click on a message, whom last click credits.
        blocks: People's clicks by block of the mail, as `clicked` gives them.
        categories: The same by category of the good clicked.
        goods: `model, channel, category, value`: credits by category of the goods bought, to the cent.
        regions: `region, channel, value`: by the region of the shop, by linear credit; null: no shop, or not known.
        messages: `channel, trigger`, and what became of messages, as `messages_by_trigger` gives it.
        ropo: `identified, revenue`, and for each window the share seen and the placebo's.
        sides: `side, purchases, value, first_store`: of sales.
        mix: `mix, people, purchases, value`: people by the sides they buy on.
        newcomers: `clickers, newcomers`: people who came by a message's link, and for the first time.
    """

    channels: Rows
    paths: Rows
    by_trigger: Rows
    influenced: Any
    by_month: Rows
    touches: Rows
    later: Rows
    blocks: Rows
    categories: Rows
    goods: Rows
    regions: Rows
    messages: Rows
    ropo: Any
    sides: Rows
    mix: Rows
    newcomers: Any


def collect_attribution(
    *,
    as_of: date,
    report_days: int,
    attribution: DataFrame,
    attribution_chains: DataFrame,
    attribution_channels: DataFrame,
    purchases: DataFrame,
    touchpoints: DataFrame,
    engagement: DataFrame,
    machine_events: DataFrame,
    campaigns: DataFrame,
    receipt_lines: DataFrame,
    order_lines: DataFrame,
    products: DataFrame,
    stores: DataFrame,
    person_identifiers: DataFrame,
) -> AttributionFigures:
    """Figures of the last `report_days` days up to `as_of`; each frame is the table of its name."""
    since = as_of - timedelta(report_days - 1)
    in_period = F.col("purchased_on").between(F.lit(since), F.lit(as_of))
    credited = attribution.where(in_period)
    by_chain = attribution_chains.where(F.col("as_of") == F.lit(as_of)).drop("as_of")
    persons = current(person_identifiers)
    sold = purchases.where(in_period & (F.col("kind") == "sale"))
    known = sold.join(persons, on=list(IDENTIFIER), how="left")
    touched = touchpoints.where(
        F.col("touched_on").between(F.lit(since), F.lit(as_of)) & ~F.col("is_machine")
    ).join(persons, on=list(IDENTIFIER), how="inner")
    events = with_machines(
        engagement.where(F.col("occurred_on").between(F.lit(since), F.lit(as_of))), machine_events
    )
    clicks = events.where((F.col("kind") == "clicked") & ~F.col("is_machine"))
    linear = credited.where(F.col("model") == _EVERY)
    by_goods = category_sums(linear, purchases, receipt_lines, order_lines, products)
    return AttributionFigures(
        channels=attribution_channels.where(F.col("as_of") == F.lit(as_of))
        .orderBy("model", "channel")
        .collect(),
        paths=common_paths(linear),
        by_trigger=_sums(credited.unionByName(by_chain), "channel", "trigger", "model")
        .orderBy("model", "channel", "trigger")
        .collect(),
        influenced=_influenced(credited),
        by_month=_sums(
            linear.withColumn("month", F.trunc("purchased_on", "month")),
            "month",
            "channel",
        )
        .orderBy("month", "channel")
        .collect(),
        touches=touches_by_category(linear, by_goods)
        .orderBy("year", F.desc("purchases"), "category")
        .collect(),
        later=after_a_click(credited),
        blocks=clicked(clicks, credited, F.col("block")),
        categories=clicked(
            clicks.join(products.select("product_id", "category"), on="product_id", how="left"),
            credited,
            F.col("category"),
        ),
        goods=by_category(credited.where(F.col("model").isin(*GOODS_BY)), by_goods)
        .orderBy("model", "channel", "category")
        .collect(),  # channels by categories
        regions=_sums(
            linear.join(stores.select("store_id", "region"), on="store_id", how="left"), "region", "channel"
        )
        .orderBy("region", "channel")
        .collect(),  # channels by regions
        messages=messages_by_trigger(events, campaigns, persons)
        .orderBy("channel", "trigger")
        .collect(),  # a row a trigger
        ropo=ropo(known, touched, since),
        sides=sides(known),
        mix=mixes(known),
        newcomers=newcomers(touched),
    )


def _sums(rows: DataFrame, *by: str) -> DataFrame:
    return rows.groupBy(*by).agg(F.sum("share").alias("purchases"), F.sum("value").cast(MONEY).alias("value"))


def _influenced(credited: DataFrame) -> Any:
    """Of the purchases of each side, those that saw a message; each once, with all that was paid."""
    each = (
        credited.where(F.col("model") == _EVERY)
        .groupBy("purchase_id", "purchased_on", "side")
        .agg(F.sum("value").alias("value"), F.max(F.col("channel").isin(*MESSAGES)).alias("seen"))
    )
    offline = F.col("side") != ONLINE
    return each.agg(
        F.count_if(offline).alias("offline"),
        F.count_if(offline & F.col("seen")).alias("offline_seen"),
        total(F.col("value"), offline).alias("offline_value"),
        total(F.col("value"), offline & F.col("seen")).alias("offline_seen_value"),
        F.count(F.lit(1)).alias("purchases"),
        total(F.col("value"), F.lit(True)).alias("value"),
    ).collect()[0]  # one row


def after_a_click(credited: DataFrame) -> Rows:
    """Purchases after a click on a message, by the channel that the last click credits and by side."""
    keys = ["purchase_id", "purchased_on"]
    after = credited.where((F.col("model") == "post_click") & (F.col("touch_no") > 0)).select(
        *keys, "side", "value"
    )
    last = credited.where(F.col("model") == "last_click").select(*keys, "channel")
    both = after.join(last, on=keys, how="inner").groupBy("channel", "side")
    rows = both.agg(F.count(F.lit(1)).alias("purchases"), F.sum("value").cast(MONEY).alias("value"))
    return rows.orderBy(F.desc("purchases"), "channel", "side").collect()  # channels by sides
