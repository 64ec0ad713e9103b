"""One row per purchase of a person, with the journey that led to it: what touched them since their last one.

A journey holds the person's touches after their previous purchase and at most `journeys.lookback_days` before this
one; the time after the last purchase is in none. Touches of one instant go by kind and id, a purchase last. What
machines did is counted apart. With a look-back of 90 days: a mail on 1 March, a visit on 3 March and a receipt on
5 March make a journey of two touches and four days, which is research on-line, purchase off-line (ROPO).
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.calc.stamped import stamped, value_of
from pipelines.gold import touchpoints as gold_touchpoints
from pipelines.gold.touchpoints import OFFLINE, ONLINE, is_purchase, of_persons
from pipelines.lakehouse.expectations import at_least, one_of
from pipelines.lakehouse.table import PERSON, Col, Input, Table
from pipelines.lakehouse.types import BOOLEAN, DATE, INT, LONG, MONEY, STRING, TIMESTAMP
from pipelines.silver import person_identifiers as silver_person_identifiers
from pipelines.silver.person_identifiers import IDENTIFIER

_COUNTED = {
    "messages": ("sent",),
    "opens": ("opened",),
    "clicks": ("clicked",),
    "visits": ("session",),
    "shop_visits": ("return", "near_store"),
}
_NO_TOUCH = "bounced"
_DAY = 24 * 60 * 60 * 1_000_000  # microseconds

TABLE = Table(
    name="gold.journeys",
    doc=__doc__,
    key=("person_id", "purchased_on", "side", "purchase_id"),
    scope=("person_id",),
    columns=(
        PERSON,
        Col("purchase_id", STRING, "The receipt, or the order", nullable=False),
        Col("purchased_on", DATE, "Business day", nullable=False),
        Col("purchased_at", TIMESTAMP, "When (UTC)", nullable=False),
        Col(
            "side", STRING, f"`{OFFLINE}`: paid at a till; `{ONLINE}`: an order that was not", nullable=False
        ),
        Col("store_id", STRING, "The shop that sold, delivers or hands out; null: none"),
        Col("is_click_and_collect", BOOLEAN, "An order was picked up and paid at the till", nullable=False),
        Col("is_repeat", BOOLEAN, "The person had bought on an earlier day", nullable=False),
        Col(
            "is_first_store",
            BOOLEAN,
            "The shop is that of the person's first sale in a shop; null: no shop, or none before or now",
        ),
        Col("is_ropo", BOOLEAN, "Bought at a till, unordered, within `ropo_days` of a visit", nullable=False),
        Col("net_amount", MONEY, "Paid, with VAT; returns not taken off", nullable=False),
        Col("touches", INT, "Number of touches in the journey, machines' left out", nullable=False),
        Col("messages", INT, "Of them: messages sent", nullable=False),
        Col("opens", INT, "Of them: messages opened", nullable=False),
        Col("clicks", INT, "Of them: clicks in messages", nullable=False),
        Col("visits", INT, "Of them: visits of the site", nullable=False),
        Col("shop_visits", INT, "Of them: returns, and pings near a shop", nullable=False),
        Col("machine_touches", INT, "What machines did meanwhile", nullable=False),
        Col("days", INT, "Days from the first touch to the purchase; null: no touch"),
        Col("first_channel", STRING, "Channel of the first touch; null: no touch with a channel"),
        Col("last_channel", STRING, "Channel of the last touch; null: no touch with a channel"),
    ),
    inputs=(
        Input(gold_touchpoints.TABLE, through=silver_person_identifiers.TABLE, on=IDENTIFIER),
        silver_person_identifiers.TABLE,
    ),
    params=("journeys.lookback_days", "journeys.ropo_days"),
    expect=(one_of("side", (ONLINE, OFFLINE)), at_least("touches", 0), at_least("days", 0)),
)


def build(
    touchpoints: DataFrame,
    person_identifiers: DataFrame,
    *,
    as_of: date,
    lookback_days: int,
    ropo_days: int,
) -> DataFrame:
    """The journeys to all purchases up to `as_of` of the asked persons."""
    known = touchpoints.where((F.col("touched_on") <= F.lit(as_of)) & (F.col("kind") != _NO_TOUCH))
    numbered = _numbered(of_persons(known, person_identifiers))
    bought, before = F.col("bought"), F.col("bought_at") - F.unix_micros("touched_at")
    near = ~bought & (before <= lookback_days * _DAY)
    touched, kind = near & ~F.col("is_machine"), F.col("kind")
    channel = F.when(touched, stamped("touched_at", F.col("channel")))
    sums = numbered.groupBy("person_id", "journey", "first_day", "first_sale").agg(
        *(F.max(F.when(bought, F.col(c))).alias(c) for c in _PURCHASE),
        *(F.count_if(touched & kind.isin(*kinds)).cast(INT).alias(c) for c, kinds in _COUNTED.items()),
        F.count_if(touched).cast(INT).alias("touches"),
        F.count_if(near & F.col("is_machine")).cast(INT).alias("machine_touches"),
        F.min(F.when(touched, F.col("touched_on"))).alias("first_touch_on"),
        F.min(channel).alias("first_text"),
        F.max(channel).alias("last_text"),
        F.max(touched & (kind == "session") & (before <= ropo_days * _DAY)).alias("visited"),
    )
    return _told(sums.where(F.col("touch_id").isNotNull()))


_PURCHASE = ("touch_id", "touched_on", "touched_at", "kind", "store_id", "order_id", "net_amount")


def _numbered(touches: DataFrame) -> DataFrame:
    """Touches with the number of purchases before each (`journey`), and what is known of the person's first."""
    person, at = Window.partitionBy("person_id"), F.unix_micros("touched_at")
    in_order = person.orderBy(at, F.col("bought").cast(INT), "kind", "touch_id")
    before = in_order.rowsBetween(Window.unboundedPreceding, -1)
    sale = F.when(F.col("kind") == "sale", stamped("touched_at", F.col("store_id")))
    return (
        touches.withColumn("bought", is_purchase())
        .withColumn("journey", F.coalesce(F.sum(F.col("bought").cast(LONG)).over(before), F.lit(0)))
        .withColumn("first_day", F.min(F.when(F.col("bought"), F.col("touched_on"))).over(person))
        .withColumn("first_sale", F.min(sale).over(person))
        .withColumn(
            "bought_at",
            F.max(F.when(F.col("bought"), at)).over(Window.partitionBy("person_id", "journey")),
        )
    )


def _told(sums: DataFrame) -> DataFrame:
    at_till, collected = F.col("kind") == "sale", F.col("order_id").isNotNull()
    told: dict[str, Column] = {
        "purchase_id": F.col("touch_id"),
        "purchased_on": F.col("touched_on"),
        "purchased_at": F.col("touched_at"),
        "side": F.when(at_till, OFFLINE).otherwise(ONLINE),
        "is_click_and_collect": at_till & collected,
        "is_repeat": F.col("touched_on") > F.col("first_day"),
        "is_first_store": F.col("store_id") == value_of("first_sale"),
        "is_ropo": at_till & ~collected & F.coalesce("visited", F.lit(False)),
        "days": F.date_diff("touched_on", "first_touch_on").cast(INT),
        "first_channel": value_of("first_text"),
        "last_channel": value_of("last_text"),
    }
    return sums.withColumns(told).select(*TABLE.names)
