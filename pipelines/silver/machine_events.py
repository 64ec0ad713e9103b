"""One row per event of a message that a machine made, with what tells: the others of `silver.engagement` are
people's.

A provider says so of opens that a mail client prefetched (`provider`). A scanner of a mail gateway shows by its
haste (`scanner`): it clicks several links of a message at once, and no page view follows. What it opened within
the same seconds is its doing too. Both are looked for within one business day.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.lakehouse.expectations import one_of
from pipelines.lakehouse.table import Col, Table
from pipelines.lakehouse.types import DATE, STRING
from pipelines.silver import engagement as silver_engagement
from pipelines.silver import web_events as silver_web_events

PROVIDER, SCANNER = "provider", "scanner"
_MICROSECONDS = 1_000_000

TABLE = Table(
    name="silver.machine_events",
    doc=__doc__,
    key=("occurred_on", "event_id"),
    scope=("occurred_on",),
    columns=(
        Col("occurred_on", DATE, "Business day", nullable=False),
        Col("event_id", STRING, "The event, as `silver.engagement` names it", nullable=False),
        Col(
            "kind",
            STRING,
            "`opened` or `clicked`, or what else the provider says a machine did",
            nullable=False,
        ),
        Col(
            "reason",
            STRING,
            f"`{PROVIDER}` or `{SCANNER}`, what tells; the provider's word first",
            nullable=False,
        ),
    ),
    inputs=(silver_engagement.TABLE, silver_web_events.TABLE),
    params=("machines.scan_links", "machines.scan_seconds", "machines.view_seconds"),
    expect=(one_of("reason", (PROVIDER, SCANNER)),),
)


def build(
    engagement: DataFrame,
    web_events: DataFrame,
    *,
    as_of: date,
    scan_links: int,
    scan_seconds: int,
    view_seconds: int,
) -> DataFrame:
    """The events that the provider, or their haste, gives to a machine.

    A click is in haste when some `scan_seconds` seconds that hold it hold clicks on `scan_links` different
    links of its message. It is a person's all the same if a page view that is no crawler's has its
    `mail_link_id` within `view_seconds` after it; a click without that id cannot show this.
    """
    read = ("occurred_on", "event_id", "kind", "link", "mail_link_id", "occurred_at", "machine")
    of_message = F.coalesce("message_id", "event_id").alias("_message")  # without an id, each is its own
    events = engagement.where(F.col("kind").isin("opened", "clicked") | F.col("machine")).select(
        *read, of_message
    )
    scan = scan_seconds * _MICROSECONDS
    message = Window.partitionBy("occurred_on", "_message").orderBy(F.unix_micros("occurred_at"))
    ahead, behind = message.rangeBetween(0, scan), message.rangeBetween(-scan, 0)
    around = message.rangeBetween(-scan, scan)
    is_click = F.col("kind") == "clicked"
    links = F.size(F.collect_set(F.when(is_click, F.col("link"))).over(ahead))
    hasty = is_click & (F.max("_links").over(behind) >= scan_links)
    events = events.withColumn("_links", links).withColumn("_hasty", hasty)
    events = _with_views(events, web_events, view_seconds).withColumn(
        "_scanned", F.coalesce(F.col("_hasty") & F.col("_viewed").isNull(), F.lit(False))
    )
    opened_by_it = (F.col("kind") == "opened") & F.max("_scanned").over(around)
    reason = F.when(F.col("machine"), PROVIDER).when(F.col("_scanned") | opened_by_it, SCANNER)
    return (
        events.withColumn("reason", reason)
        .where(F.col("reason").isNotNull())
        .select("occurred_on", "event_id", "kind", "reason")
    )


def _with_views(events: DataFrame, web_events: DataFrame, view_seconds: int) -> DataFrame:
    """`events` with `_viewed`, true where a page view followed the click; null elsewhere."""
    views = web_events.where(F.col("mail_link_id").isNotNull() & ~F.col("is_crawler")).select(
        "occurred_on", "mail_link_id", F.col("occurred_at").alias("_seen_at")
    )
    clicks = events.where("_hasty").select("occurred_on", "event_id", "mail_link_id", "occurred_at")
    after = _micros("_seen_at") - _micros("occurred_at")
    followed = (
        clicks.join(views, on=["occurred_on", "mail_link_id"], how="inner")
        .where(after.between(0, view_seconds * _MICROSECONDS))
        .select("occurred_on", "event_id", F.lit(True).alias("_viewed"))
        .distinct()
    )
    return events.join(followed, on=["occurred_on", "event_id"], how="left")


def _micros(column: str) -> Column:
    return F.unix_micros(F.col(column))


def with_machines(engagement: DataFrame, machine_events: DataFrame) -> DataFrame:
    """`silver.engagement` with `is_machine`, so that a rate can be taken of all events and of people's."""
    machines = machine_events.select("occurred_on", "event_id", F.lit(True).alias("is_machine"))
    marked = engagement.join(machines, on=["occurred_on", "event_id"], how="left")
    return marked.withColumn("is_machine", F.coalesce("is_machine", F.lit(False)))
