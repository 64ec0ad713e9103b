"""One row per visit of the site: a visitor's events with no pause of more than half an hour between two.

Google Analytics 4's rule: a session ends with 30 minutes of inactivity (a setting) and never otherwise; neither
midnight nor another source begins a new one (https://support.google.com/analytics/answer/12798876). A visitor is
a cookie, or, where there is none, a login; an event with neither is in no session. Crawlers have sessions of
their own, flagged, which end with the day: one that never pauses would otherwise be rebuilt whole every day.

A session stands on the business day of its first event, with all of its events up to `as_of`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType

from pipelines.calc.channels import DIRECT_SOURCE, NO_MEDIUM, ChannelRule, channel_of
from pipelines.calc.time import business_date
from pipelines.lakehouse.expectations import at_least, in_order
from pipelines.lakehouse.table import Col, Input, Stretch, Table
from pipelines.lakehouse.types import BOOLEAN, DATE, INT, STRING, TIMESTAMP
from pipelines.silver import web_events as silver_web_events
from pipelines.silver.anchor import ANCHOR
from pipelines.silver.traffic import referred, tagged
from pipelines.silver.visits import numbered, rank, summed

NAMES = ArrayType(STRING)
FOUNDS = ("visitor_type", "visitor_value", "is_crawler", "_first")  # what a session is known by

TABLE = Table(
    name="silver.sessions",
    doc=__doc__,
    key=("session_id",),
    scope=("started_on",),
    columns=(
        Col("session_id", STRING, "32 hex digits, made of the visitor and the first instant", nullable=False),
        Col("started_on", DATE, "Business day of the first event", nullable=False),
        Col("started_at", TIMESTAMP, "The first event (UTC)", nullable=False),
        Col("ended_at", TIMESTAMP, "The last event (UTC)", nullable=False),
        Col("ended_on", DATE, "Business day of the last event", nullable=False),
        Col("opens_on", DATE, "First business day on which an event could have joined it", nullable=False),
        Col("closes_on", DATE, "Last business day on which an event could have joined it", nullable=False),
        Col("visitor_type", STRING, "`cookie`, or `login` where there is no cookie", nullable=False),
        Col("visitor_value", STRING, "That identifier", nullable=False),
        *ANCHOR,
        Col("is_crawler", BOOLEAN, "Its user agent is a known crawler's", nullable=False),
        Col(
            "channel",
            STRING,
            "By the rules of `conf/channels.yaml`; `Unassigned` where none fits",
            nullable=False,
        ),
        Col("source", STRING, "Where it came from; `direct`: nothing tells", nullable=False),
        Col("medium", STRING, "By what kind of link; `(none)`: nothing tells", nullable=False),
        Col("campaign", STRING, "The link's `utm_campaign`; null: untagged"),
        Col("mail_link_id", STRING, "Hashed id of the first mail link that it came by; null: none"),
        Col("landing_page", STRING, "Address of the first page; null: not told"),
        Col("device", STRING, "As the first event that tells says; null: none tells"),
        Col("region", STRING, "As the first event that tells says; null: none tells"),
        Col("events", INT, "Number of events", nullable=False),
        Col(
            "page_views",
            INT,
            "Pages opened; of a sender that reports none, goods and categories",
            nullable=False,
        ),
        Col("duration_seconds", INT, "From the first event to the last, whole seconds", nullable=False),
        Col(
            "is_engaged",
            BOOLEAN,
            "Longer than `sessions.engaged_seconds`, or two page views, a purchase or a subscription",
            nullable=False,
        ),
        Col("searches", INT, "Number of searches", nullable=False),
        Col("carts", INT, "Number of times something was put into the cart", nullable=False),
        Col("products", NAMES, "Goods looked at, each once, in order of their ids", nullable=False),
        Col("categories", NAMES, "Categories looked at, each once, in order of their ids", nullable=False),
        Col(
            "cart_products",
            NAMES,
            "Goods put into the cart, each once, in order of their ids",
            nullable=False,
        ),
        Col("order_ids", NAMES, "Orders placed, each once, in order of their numbers", nullable=False),
    ),
    inputs=(Input(silver_web_events.TABLE, by={"started_on": "occurred_on"}),),
    params=(
        "business.time_zone",
        "identity.anchors",
        "sessions.timeout_minutes",
        "sessions.engaged_seconds",
        "channels.rules",
        "channels.sites",
        "channels.click_ids",
    ),
    expect=(in_order("started_at", "ended_at"), at_least("events", 1), at_least("page_views", 0)),
    stretch=Stretch(opens="opens_on", closes="closes_on", until="ended_on"),
)


def build(
    web_events: DataFrame,
    *,
    as_of: date,
    time_zone: str,
    anchors: tuple[str, ...],
    timeout_minutes: int,
    engaged_seconds: int,
    rules: Sequence[ChannelRule],
    sites: Mapping[str, Sequence[str]],
    click_ids: Mapping[str, Sequence[str]],
) -> DataFrame:
    """The visits of all events up to `as_of`.

    A visit's source is what its first tagged event says, else the page before its first; its channel is that
    of the first rule that fits.
    """
    events = web_events.where(F.col("occurred_on") <= F.lit(as_of)).withColumns(
        {"_tagged": tagged(click_ids), "_referred": referred(sites), "_rank": rank(anchors)}
    )
    visits = summed(numbered(events, timeout_minutes)).withColumn("_first", F.unix_micros("started_at"))
    pause = F.make_interval(mins=F.lit(timeout_minutes))
    seconds = F.timestamp_diff("SECOND", F.col("started_at"), F.col("ended_at")).cast(INT)
    visits = visits.withColumns(
        {
            "session_id": F.substring(F.sha2(F.concat_ws("\x1f", *FOUNDS), 256), 1, 32),
            "started_on": business_date(F.col("started_at"), time_zone),
            "ended_on": business_date(F.col("ended_at"), time_zone),
            "opens_on": business_date(F.col("started_at") - pause, time_zone),
            "closes_on": business_date(F.col("ended_at") + pause, time_zone),
            "anchor_type": F.col("_anchor.anchor_type"),
            "anchor_value": F.col("_anchor.anchor_value"),
            "source": _said("source").otherwise(F.lit(DIRECT_SOURCE)),
            "medium": _said("medium").otherwise(F.lit(NO_MEDIUM)),
            "campaign": _said("campaign").otherwise(F.lit(None).cast(STRING)),
            "duration_seconds": seconds,
            "is_engaged": (seconds > engaged_seconds)
            | (F.col("page_views") >= 2)
            | (F.col("_conversions") > 0),
        }
    )
    channel = channel_of(F.col("source"), F.col("medium"), F.col("campaign"), rules, sites)
    return visits.withColumn("channel", channel).select(*TABLE.names)


def _said(part: str) -> Column:
    """A part of a visit's source: as its first tagged event says it, else the page before its first."""
    tagged, referred = F.col("_tagged"), F.col("_referred")
    return F.when(tagged.isNotNull(), tagged[part]).when(referred.isNotNull(), referred[part])
