"""One row per business day, kind and touch of somebody who left an identifier: mails, visits, orders, shops.

A partial: replaced by day, and untouched when persons merge or split; `of_persons` says whose each touch is, and
`touched_at` puts a person's touches in order. What a machine did is kept and flagged. A touch without an identifier is
nobody's, and not here: of messages, that is an event which names no more than its message.

A purchase is a `sale` at a till, or an `order` that has an amount. An order that is cancelled is no touch; one that
is paid at a till when it is picked up is a touch without an amount, since its receipt has it, and the two are one
purchase. A receipt of which no line stands is no touch.
"""

from __future__ import annotations

from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.gold.paid_orders import orders_with_amounts
from pipelines.lakehouse.expectations import one_of
from pipelines.lakehouse.table import Col, Input, Table
from pipelines.lakehouse.types import BOOLEAN, DATE, INT, MONEY, STRING, TIMESTAMP
from pipelines.silver import campaigns as silver_campaigns
from pipelines.silver import engagement as silver_engagement
from pipelines.silver import locations as silver_locations
from pipelines.silver import machine_events as silver_machine_events
from pipelines.silver import order_lines as silver_order_lines
from pipelines.silver import orders as silver_orders
from pipelines.silver import receipt_lines as silver_receipt_lines
from pipelines.silver import receipts as silver_receipts
from pipelines.silver import sessions as silver_sessions
from pipelines.silver import web_events as silver_web_events
from pipelines.silver.campaigns import branded
from pipelines.silver.machine_events import with_machines
from pipelines.silver.person_identifiers import IDENTIFIER, current

ONLINE, OFFLINE = "online", "offline"
EMAIL = "email"
MESSAGES = (
    "sent",
    "bounced",
    "opened",
    "clicked",
    "rated",
    "complained",
    "unsubscribed",
    "resubscribed",
    "coupon_redeemed",
)
KINDS = (*MESSAGES, "subscribed", "session", "order", "sale", "return", "near_store")
_ON_LINE = ("opened", "clicked", "subscribed", "session", "order")
_OFF_LINE = ("sale", "return", "near_store", "coupon_redeemed")

TABLE = Table(
    name="gold.touchpoints",
    doc=__doc__,
    key=("touched_on", "kind", "touch_id"),
    scope=("touched_on",),
    columns=(
        Col("touched_on", DATE, "Business day", nullable=False),
        Col("kind", STRING, ", ".join(f"`{kind}`" for kind in KINDS), nullable=False),
        Col("touch_id", STRING, "Id of the event, session, order, receipt or ping", nullable=False),
        Col("touched_at", TIMESTAMP, "When it happened, or began (UTC)", nullable=False),
        Col("identifier_type", STRING, "Type of the anchor identifier", nullable=False),
        Col("identifier_value", STRING, "The anchor identifier", nullable=False),
        Col(
            "side",
            STRING,
            f"`{ONLINE}` or `{OFFLINE}`, where the person was; null: what others did, not they",
        ),
        Col("channel", STRING, "A message's, or a visit's, as silver has it; null: a shop, or not told"),
        Col("is_machine", BOOLEAN, "A crawler's visit, a machine's opening or click", nullable=False),
        Col(
            "brand",
            STRING,
            "The group's brand that wrote, or whose site was signed up on; null: the group has one, or it is neither",
        ),
        Col("campaign_id", STRING, "The message's campaign, or the link's `utm_campaign`; null: none"),
        Col("store_id", STRING, "The shop; null: none"),
        Col("order_id", STRING, "The order itself, or that which a receipt hands out; null: none"),
        Col(
            "net_amount",
            MONEY,
            "Of a sale, return (negative) or order: paid, with VAT, in the business's currency; null: no purchase",
        ),
        Col("discount_amount", MONEY, "Taken off it; negative for a return; null: no purchase"),
        Col("stars", INT, "Of a rating, 1 to 5; null for other kinds"),
        Col("mail_link_id", STRING, "Of a click, or of the visit that it led to; null: none"),
        Col("block", STRING, "The block of the message that was clicked; null: none, or not told"),
    ),
    inputs=(
        Input(silver_engagement.TABLE, by={"touched_on": "occurred_on"}),
        Input(silver_campaigns.TABLE, through=silver_engagement.TABLE, on=("campaign_id",)),
        Input(silver_machine_events.TABLE, by={"touched_on": "occurred_on"}),
        Input(silver_sessions.TABLE, by={"touched_on": "started_on"}),
        Input(silver_web_events.TABLE, by={"touched_on": "occurred_on"}),
        Input(silver_orders.TABLE, by={"touched_on": "ordered_on"}),
        Input(silver_order_lines.TABLE, by={"touched_on": "ordered_on"}),
        Input(silver_receipts.TABLE, by={"touched_on": "purchased_on"}),
        Input(silver_receipt_lines.TABLE, by={"touched_on": "purchased_on"}),
        Input(silver_locations.TABLE, by={"touched_on": "occurred_on"}),
    ),
    expect=(one_of("kind", KINDS), one_of("side", (ONLINE, OFFLINE))),
)


def build(
    engagement: DataFrame,
    campaigns: DataFrame,
    machine_events: DataFrame,
    sessions: DataFrame,
    web_events: DataFrame,
    orders: DataFrame,
    order_lines: DataFrame,
    receipts: DataFrame,
    receipt_lines: DataFrame,
    locations: DataFrame,
    *,
    as_of: date,
) -> DataFrame:
    """The touches of the days up to `as_of`, from every source in one shape."""
    told = engagement.where(F.col("kind").isin(*MESSAGES))
    messages = branded(with_machines(told, machine_events), campaigns)
    found = (
        _shaped(messages, "occurred_on", "occurred_at", touch_id="event_id"),
        _shaped(
            sessions,
            "started_on",
            "started_at",
            touch_id="session_id",
            kind=F.lit("session"),
            is_machine=F.col("is_crawler"),
            campaign_id=F.col("campaign"),
        ),
        _shaped(
            web_events.where(F.col("kind") == "subscribe"),
            "occurred_on",
            "occurred_at",
            touch_id="event_id",
            kind=F.lit("subscribed"),
            is_machine=F.col("is_crawler"),
        ),
        _shaped(
            orders_with_amounts(orders, order_lines),
            "ordered_on",
            "ordered_at",
            touch_id="order_id",
            kind=F.lit("order"),
        ),
        _shaped(_receipts(receipts, receipt_lines), "purchased_on", "purchased_at", touch_id="receipt_id"),
        _shaped(
            locations.where(F.col("store_id").isNotNull()),
            "occurred_on",
            "occurred_at",
            touch_id="ping_id",
            kind=F.lit("near_store"),
        ),
    )
    side = F.when(F.col("kind").isin(*_ON_LINE), ONLINE).when(F.col("kind").isin(*_OFF_LINE), OFFLINE)
    touches = reduce(DataFrame.unionByName, found).where(
        (F.col("touched_on") <= F.lit(as_of)) & F.col("identifier_value").isNotNull()
    )
    return touches.withColumn("side", side).select(*TABLE.names)


def _shaped(rows: DataFrame, day: str, instant: str, *, touch_id: str, **more: Column) -> DataFrame:
    """Rows of a source in the columns of this table but `side`; those that it lacks are null."""
    given = {
        "touched_on": F.col(day),
        "touched_at": F.col(instant),
        "touch_id": F.col(touch_id),
        "identifier_type": F.col("anchor_type"),
        "identifier_value": F.col("anchor_value"),
        **more,
    }
    if "is_machine" not in rows.columns:
        given.setdefault("is_machine", F.lit(False))
    return rows.select(
        *(
            given.get(c.name, F.col(c.name) if c.name in rows.columns else F.lit(None))
            .cast(c.type)
            .alias(c.name)
            for c in TABLE.columns
            if c.name != "side"
        )
    )


def _receipts(receipts: DataFrame, receipt_lines: DataFrame) -> DataFrame:
    amounts = receipt_lines.groupBy("purchased_on", "receipt_id").agg(
        F.sum("net_amount").alias("net_amount"), F.sum("discount_amount").alias("discount_amount")
    )
    return receipts.join(amounts, on=["purchased_on", "receipt_id"], how="inner")


def is_purchase() -> Column:
    """Whether a touch is a purchase: a sale, or an order that is not paid at a till."""
    return F.col("kind").isin("sale", "order") & F.col("net_amount").isNotNull()


def message_channel() -> Column:
    """The channel of a message; one whose channel is not told is a mail."""
    return F.coalesce("channel", F.lit(EMAIL))


def of_persons(touchpoints: DataFrame, person_identifiers: DataFrame) -> DataFrame:
    """The touches with their `person_id`; those of identifiers that are nobody's are left out."""
    return touchpoints.join(current(person_identifiers), on=list(IDENTIFIER), how="inner")
