"""What attribution computes on: for each buyer the list of their touches and purchases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.lakehouse.types import BOOLEAN, DATE, LONG, MONEY, STRING
from pipelines.silver.person_identifiers import IDENTIFIER, current

EVENTS = "events"
CAMPAIGN, RECEIPT_MAIL = "campaign", "receipt_mail"
CHANNELS = {"email": "Email", "sms": "SMS", "push": "Mobile Push", "direct_mail": "Direct Mail"}
"""What `conf/channels.yaml` calls the channels of messages."""
DIRECT = "Direct"
_SESSION, _CLICKED = "session", "clicked"
_OF_TOUCH = {
    "touch": STRING,
    "channel": STRING,
    "clicked": BOOLEAN,
    "campaign": STRING,
    "trigger": STRING,
    "block": STRING,
}
_OF_PURCHASE = {
    "purchase": STRING,
    "is_sale": BOOLEAN,
    "value": MONEY,
    "day": DATE,
    "side": STRING,
    "store": STRING,
}
_FIELDS = {"at": LONG, **_OF_TOUCH, **_OF_PURCHASE}


def events_by_buyer(
    person_identifiers: DataFrame,
    campaigns: DataFrame,
    touchpoints: DataFrame,
    purchases: DataFrame,
    anonymous: DataFrame,
    as_of: date,
    touches: Mapping[str, Sequence[str]],
) -> DataFrame:
    """`buyer` and `events`, one row each: the entries that `calc.attribution.journeys` reads, and what they carry.

    Args:
        person_identifiers: `silver.person_identifiers`.
        campaigns: `silver.campaigns`, which know the channel of a message that does not tell its own.
        touchpoints: `gold.touchpoints`; those of machines and of nobody are left out.
        purchases: `gold.purchases`; those of persons are read.
        anonymous: `gold.purchases`; those of nobody are read.
        as_of: Nothing later is read.
        touches: By the channel of a message, the kinds of its events that are touches. A visit is one always.
    """
    persons = current(person_identifiers)
    known = purchases.join(persons, on=list(IDENTIFIER), how="left")
    owned = known.where(F.col("person_id").isNotNull()).withColumn("buyer", F.col("person_id"))
    nobodys = anonymous.where(F.col("anonymous_group").isNotNull()).withColumn(
        "buyer", F.col("anonymous_group")
    )
    bought = netted(
        owned.select("buyer", *purchases.columns)
        .unionByName(nobodys.select("buyer", *purchases.columns))
        .where(F.col("purchased_on") <= F.lit(as_of))
    )
    seen = touched(touchpoints, campaigns, touches).where(F.col("touched_on") <= F.lit(as_of))
    met = seen.join(persons, on=list(IDENTIFIER), how="inner").withColumn("buyer", F.col("person_id"))
    rows = _entries(without_landings(met), _OF_TOUCH).unionByName(_entries(bought, _OF_PURCHASE))
    return rows.groupBy("buyer").agg(F.collect_list(F.struct(*_FIELDS)).alias(EVENTS))


def _entries(rows: DataFrame, told: Iterable[str]) -> DataFrame:
    """The rows as entries; what is of the other kind is null."""
    there = {"at", *told}
    return rows.select(
        "buyer",
        *(
            (F.col(name) if name in there else F.lit(None)).cast(kind).alias(name)
            for name, kind in _FIELDS.items()
        ),
    )


def netted(purchases: DataFrame) -> DataFrame:
    """One row per sale of a buyer, `value` less what came back; and one per return whose sale the buyer has not.

    Args:
        purchases: Rows of `gold.purchases` with `buyer`.

    Returns:
        `buyer, purchase, at` (microseconds), `day, side, store, value, is_sale`.
    """
    named = F.coalesce(F.when(F.col("kind") == "return", F.col("returns_purchase")), F.col("purchase_id"))
    is_sale = F.col("kind") == "sale"
    marked = purchases.withColumns({"_of": named, "_is_sale": is_sale})
    of_one = Window.partitionBy("buyer", "_of")
    keyed = marked.withColumn("_sold", F.max("_is_sale").over(of_one)).withColumn(
        "purchase", F.when(F.col("_sold"), F.col("_of")).otherwise(F.col("purchase_id"))
    )

    def of_sale(column: Column) -> Column:
        return F.max(F.when(F.col("_is_sale") | ~F.col("_sold"), column))

    return keyed.groupBy("buyer", "purchase").agg(
        of_sale(F.unix_micros("purchased_at")).alias("at"),
        of_sale(F.col("purchased_on")).alias("day"),
        of_sale(F.col("side")).alias("side"),
        of_sale(F.col("store_id")).alias("store"),
        F.sum("net_revenue").cast(MONEY).alias("value"),
        F.max("_sold").alias("is_sale"),
    )


def touched(touchpoints: DataFrame, campaigns: DataFrame, touches: Mapping[str, Sequence[str]]) -> DataFrame:
    """People's touches that count, with `touch, channel, at, clicked, campaign, trigger`; still with identifiers.

    Args:
        touchpoints: `gold.touchpoints`.
        campaigns: `silver.campaigns`.
        touches: By the channel of a message, the kinds of its events that are touches. A visit is one always.
    """
    planned = F.broadcast(campaigns.select("campaign_id", F.col("channel").alias("_planned")))
    told = F.coalesce("channel", "_planned")
    message = F.coalesce(*(F.when(told == code, F.lit(name)) for code, name in CHANNELS.items()))
    named = (
        touchpoints.where(~F.col("is_machine"))
        .join(planned, on="campaign_id", how="left")
        .withColumn("channel", F.when(F.col("kind") == _SESSION, F.col("channel")).otherwise(message))
    )
    counts = F.col("kind") == _SESSION
    for channel, kinds in touches.items():
        counts = counts | ((F.col("channel") == channel) & F.col("kind").isin(list(kinds)))
    return named.where(counts & F.col("channel").isNotNull()).withColumns(
        {
            "touch": F.col("touch_id"),
            "at": F.unix_micros("touched_at"),
            "clicked": F.col("kind").isin(_SESSION, _CLICKED),
            "campaign": F.col("campaign_id"),
            "trigger": trigger_of(),
        }
    )


def without_landings(touches: DataFrame) -> DataFrame:
    """Touches of buyers without the visits that a click on a message led to: click and visit are one touch."""
    link = Window.partitionBy("buyer", "mail_link_id")
    led = F.max((F.col("kind") == _CLICKED) & F.col("mail_link_id").isNotNull()).over(link)
    return touches.withColumn("_led", led).where((F.col("kind") != _SESSION) | ~F.col("_led")).drop("_led")


def trigger_of() -> Column:
    """What sent a message: a triggered one names it before a slash, as `receipt_mail/2024-03-01`.

    Without a campaign it is the mail that follows a receipt, the one trigger that has none; null: a visit.
    """
    named = F.when(F.contains("campaign_id", F.lit("/")), F.substring_index("campaign_id", "/", 1))
    planned = F.when(F.col("campaign_id").isNotNull(), F.lit(CAMPAIGN))
    return F.when(F.col("kind") != _SESSION, F.coalesce(named, planned, F.lit(RECEIPT_MAIL)))
