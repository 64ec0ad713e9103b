"""One row per event of a message, as its provider reports it: sent, opened, clicked, rated and so on.

Machines open and click too: `silver.machine_events` says which of these events are theirs. None is left out,
so that rates can be raw and human.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.bronze import records as bronze
from pipelines.lakehouse.expectations import at_least, at_most, one_of
from pipelines.lakehouse.reasons import Reason
from pipelines.lakehouse.refusal import Objection, refuse_if
from pipelines.lakehouse.table import LINEAGE, Col, Facts, Table
from pipelines.lakehouse.types import BOOLEAN, DATE, INT, STRING, TIMESTAMP
from pipelines.landing.engagement import SOURCE
from pipelines.silver import clock
from pipelines.silver.anchor import ANCHOR, MALFORMED, anchored
from pipelines.silver.parse import PARSED, parse

KINDS = (
    "sent",
    "delivered",
    "deferred",
    "dropped",
    "blocked",
    "bounced",
    "opened",
    "clicked",
    "complained",
    "unsubscribed",
    "resubscribed",
    "rated",
    "coupon_redeemed",
)
_WHOM = ("loyalty_card", "email", "phone", "message_id")

TABLE = Table(
    name="silver.engagement",
    doc=__doc__,
    key=("occurred_on", "event_id"),
    scope=("occurred_on",),
    version=2,  # 2: deferred, dropped, blocked and resubscribed are kinds
    columns=(
        Col("event_id", STRING, "The provider's id; unique within its day", nullable=False),
        Col("occurred_on", DATE, "Business day", nullable=False),
        Col("occurred_at", TIMESTAMP, "When it happened (UTC)", nullable=False),
        clock.DAYS_LATE,
        Col("kind", STRING, ", ".join(f"`{kind}`" for kind in KINDS), nullable=False),
        *ANCHOR,
        Col("loyalty_card", STRING, "The recipient's card; null: not told"),
        Col("email", STRING, "Token of the address it was sent to; null: not told, or not valid"),
        Col("phone", STRING, "Token of the number it was sent to; null: not told, or not valid"),
        *MALFORMED,
        Col("message_id", STRING, "The provider's id of the one message; null: not told"),
        Col(
            "campaign_id",
            STRING,
            "The campaign; it need not be in `silver.campaigns`; null: not told, or none",
        ),
        Col("channel", STRING, "`direct_mail`, `email`, `sms` or `push`; null: not told"),
        Col(
            "brand",
            STRING,
            "The group's brand that writes; null: the campaign tells, or there is one",
        ),
        Col("coupon_id", STRING, "The coupon redeemed; null for other kinds"),
        Col("link", STRING, "Address of the link clicked; null for other kinds"),
        Col(
            "mail_link_id",
            STRING,
            "Hashed id of the link, as the page that it leads to receives it; null: none",
        ),
        Col("sms_link_id", STRING, "The same of a text message's link; null: none"),
        Col("push_token", STRING, "Where a push message was sent to; null: not told"),
        Col("product_id", STRING, "The good clicked or rated; null: none, or not told"),
        Col("block", STRING, "The message's block that the link stands in; null: not told"),
        Col("stars", INT, "Of a rating, from 1 to 5; null for other kinds"),
        Col("text", STRING, "Of a rating, in the customer's words; null: none were given"),
        Col("order_id", STRING, "The order rated; null: none"),
        Col("receipt_id", STRING, "The receipt rated; null: none"),
        Col("machine", BOOLEAN, "The provider holds a machine for the doer; null: not told"),
        *LINEAGE,
    ),
    inputs=(bronze.TABLES["engagement"],),
    params=(*clock.PARAMS, "identity.anchors"),
    expect=(
        one_of("kind", KINDS),
        one_of("channel", ("direct_mail", "email", "sms", "push")),
        at_least("stars", 1),
        at_most("stars", 5),
    ),
    write=Facts(unit=("occurred_on", "event_id")),
)


def build(
    records: DataFrame, *, as_of: date, time_zone: str, first_day: date, anchors: tuple[str, ...]
) -> DataFrame:
    """One row per record, with the reasons against it."""
    parsed = parse(records, SOURCE).withColumn("machine", F.lower("machine").try_cast(BOOLEAN))
    events = clock.dated(parsed, "occurred_on", "occurred_at", time_zone=time_zone, first_day=first_day)
    nobody = F.coalesce(*_WHOM).isNull() & F.col(PARSED)
    unrated = (F.col("kind") == "rated") & F.col("stars").isNull()
    return anchored(
        refuse_if(
            events,
            Objection(nobody, Reason.NOBODY, "message_id"),
            Objection(unrated, Reason.MISSING_VALUE, "stars"),
        ),
        anchors,
    )
