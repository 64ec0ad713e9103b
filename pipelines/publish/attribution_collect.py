"""How the engine brings the figures of the attribution report together: aggregates small enough for the driver."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.gold.purchases import CLICK_AND_COLLECT, OFFLINE, ONLINE
from pipelines.lakehouse.types import MONEY
from pipelines.silver.person_identifiers import IDENTIFIER, current

ROPO_DAYS = (1, 7, 14, 30)
PLACEBO_DAYS = 91
"""By so many days purchases are moved back for the placebo: whole weeks, so that weekdays stay."""
MESSAGES = ("Email", "SMS", "Mobile Push", "Direct Mail")
_DAY = 24 * 60 * 60 * 1_000_000  # microseconds
_EVERY = "linear"
"""The model that credits each touch, so that its rows tell which touches a purchase saw."""

Rows = list[Any]


@dataclass(frozen=True)
class AttributionFigures:
    """What the report is drawn from; rows as the engine gives them.

    Args:
        channels: `gold.attribution_channels` of the date.
        by_trigger: `channel, trigger, model, purchases, value` of messages and visits, by the rules.
        influenced: One row: what messages were seen by, of purchases in shops.
        by_month: `month, channel, value` by linear credit.
        touches: `year, purchases, touches`: of purchases that saw any.
        later: `channel, side, purchases, value`: of purchases after a click on a message, whom last click credits.
        blocks: `block, clicks, people, buyers` of people's clicks.
        categories: The same by category of the good clicked.
        ropo: `identified, revenue`, and for each window the share seen and the placebo's.
        sides: `side, purchases, value, first_store`: of sales.
        mix: `mix, people, purchases, value`: people by the sides they buy on.
        newcomers: `clickers, newcomers`: people who came by a message's link, and for the first time.
    """

    channels: Rows
    by_trigger: Rows
    influenced: Any
    by_month: Rows
    touches: Rows
    later: Rows
    blocks: Rows
    categories: Rows
    ropo: Any
    sides: Rows
    mix: Rows
    newcomers: Any


def collect_attribution(
    *,
    as_of: date,
    report_days: int,
    attribution: DataFrame,
    attribution_channels: DataFrame,
    purchases: DataFrame,
    touchpoints: DataFrame,
    engagement: DataFrame,
    machine_events: DataFrame,
    products: DataFrame,
    person_identifiers: DataFrame,
) -> AttributionFigures:
    """Figures of the last `report_days` days up to `as_of`; each frame is the table of its name."""
    since = as_of - timedelta(report_days - 1)
    in_period = F.col("purchased_on").between(F.lit(since), F.lit(as_of))
    credited = attribution.where(in_period)
    persons = current(person_identifiers)
    sold = purchases.where(in_period & (F.col("kind") == "sale"))
    known = sold.join(persons, on=list(IDENTIFIER), how="left")
    touched = touchpoints.where(
        F.col("touched_on").between(F.lit(since), F.lit(as_of)) & ~F.col("is_machine")
    ).join(persons, on=list(IDENTIFIER), how="inner")
    human = engagement.join(
        machine_events.select("occurred_on", "event_id"), on=["occurred_on", "event_id"], how="left_anti"
    )
    clicks = human.where(
        (F.col("kind") == "clicked") & F.col("occurred_on").between(F.lit(since), F.lit(as_of))
    )
    return AttributionFigures(
        channels=attribution_channels.where(F.col("as_of") == F.lit(as_of))
        .orderBy("model", "channel")
        .collect(),
        by_trigger=_sums(credited, "channel", "trigger", "model")
        .orderBy("model", "channel", "trigger")
        .collect(),
        influenced=_influenced(credited),
        by_month=_sums(
            credited.where(F.col("model") == _EVERY).withColumn("month", F.trunc("purchased_on", "month")),
            "month",
            "channel",
        )
        .orderBy("month", "channel")
        .collect(),
        touches=_touches(credited),
        later=_later(credited),
        blocks=_clicked(clicks, credited, F.col("block")),
        categories=_clicked(
            clicks.join(products.select("product_id", "category"), on="product_id", how="left"),
            credited,
            F.col("category"),
        ),
        ropo=_ropo(known, touched, since),
        sides=_sides(known),
        mix=_mix(known),
        newcomers=_newcomers(touched),
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
        _where(F.col("value"), offline).alias("offline_value"),
        _where(F.col("value"), offline & F.col("seen")).alias("offline_seen_value"),
        F.count(F.lit(1)).alias("purchases"),
        _where(F.col("value"), F.lit(True)).alias("value"),
    ).collect()[0]  # one row


def _where(value: Column, condition: Column) -> Column:
    return F.coalesce(F.sum(F.when(condition, value)), F.lit(0)).cast(MONEY)


def _touches(credited: DataFrame) -> Rows:
    seen = credited.where((F.col("model") == _EVERY) & (F.col("touch_no") > 0))
    each = seen.groupBy("purchase_id", "purchased_on").agg(F.count(F.lit(1)).alias("touches"))
    years = each.groupBy(F.year("purchased_on").alias("year")).agg(
        F.count(F.lit(1)).alias("purchases"), F.sum("touches").alias("touches")
    )
    return years.orderBy("year").collect()  # one row a year


def _later(credited: DataFrame) -> Rows:
    """Purchases after a click on a message, by the channel that the last click credits and by side."""
    keys = ["purchase_id", "purchased_on"]
    after = credited.where((F.col("model") == "post_click") & (F.col("touch_no") > 0)).select(
        *keys, "side", "value"
    )
    last = credited.where(F.col("model") == "last_click").select(*keys, "channel")
    both = after.join(last, on=keys, how="inner").groupBy("channel", "side")
    rows = both.agg(F.count(F.lit(1)).alias("purchases"), F.sum("value").cast(MONEY).alias("value"))
    return rows.orderBy(F.desc("purchases"), "channel", "side").collect()  # channels by sides


def _clicked(clicks: DataFrame, credited: DataFrame, what: Column, most: int = 15) -> Rows:
    """Clicks of people, and the purchases that their click was the last before, by what was clicked."""
    paid = credited.where((F.col("model") == "post_click") & (F.col("touch_no") > 0))
    by_touch = paid.groupBy(F.col("touch_id").alias("event_id")).agg(
        F.count(F.lit(1)).alias("purchases"), F.sum("value").alias("value")
    )
    rows = (
        clicks.withColumn("what", F.coalesce(what, F.lit("not told")))
        .join(by_touch, on="event_id", how="left")
        .groupBy("what")
        .agg(
            F.count(F.lit(1)).alias("clicks"),
            F.count_distinct("anchor_type", "anchor_value").alias("people"),
            F.count("purchases").alias("bought_after"),
            F.coalesce(F.sum("purchases"), F.lit(0)).alias("purchases"),
            F.coalesce(F.sum("value"), F.lit(0)).cast(MONEY).alias("value"),
        )
    )
    return rows.orderBy(F.desc("clicks"), "what").limit(most).collect()


def _ropo(sold: DataFrame, touched: DataFrame, since: date) -> Any:
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
        _where(F.col("net_revenue"), F.lit(True)).alias("revenue"),
        *(
            _where(F.col("net_revenue"), F.col(name) <= days * _DAY).alias(f"{name}_{days}")
            for days in ROPO_DAYS
            for name in ("wait", "shifted")
        ),
    )
    everybody = offline.agg(_where(F.col("net_revenue"), F.lit(True)).alias("offline_revenue"))
    return sums.crossJoin(everybody).collect()[0]  # one row


def _sides(sold: DataFrame) -> Rows:
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


def _mix(sold: DataFrame) -> Rows:
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


def _newcomers(touched: DataFrame) -> Any:
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
