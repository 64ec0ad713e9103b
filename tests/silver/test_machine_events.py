"""Which events of messages are machines': the provider's word, and a scanner's haste."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipelines.silver.machine_events import with_machines
from tests.silver.received import settled

pytestmark = pytest.mark.spark
AT = datetime(2024, 3, 3, 10, 0, 0, tzinfo=UTC)
EVENTS = (
    "occurred_on date, event_id string, kind string, message_id string, link string, mail_link_id string, "
    "occurred_at timestamp, machine boolean"
)
VIEWS = "occurred_on date, mail_link_id string, occurred_at timestamp, is_crawler boolean"


def happened(
    spark: SparkSession, *events: tuple[str, str, str | None, str | None, float, bool | None]
) -> DataFrame:
    """Events as (id, kind, message, link, seconds after ten, the provider's word)."""
    rows = [
        (AT.date(), number, kind, message, link, f"{message}-{link}", AT + timedelta(seconds=after), machine)
        for number, kind, message, link, after, machine in events
    ]
    return spark.createDataFrame(rows, EVENTS)


def viewed(spark: SparkSession, *views: tuple[str, float, bool]) -> DataFrame:
    rows = [(AT.date(), link, AT + timedelta(seconds=after), crawler) for link, after, crawler in views]
    return spark.createDataFrame(rows, VIEWS)


def test_haste_without_a_page_view_is_a_scanners(spark: SparkSession) -> None:
    events = happened(
        spark,
        # a scanner: it opens, clicks three links within ten seconds, and looks at nothing
        ("s0", "opened", "m1", None, -1, None),
        ("s1", "clicked", "m1", "a", 0, None),
        ("s2", "clicked", "m1", "b", 5, None),
        ("s3", "clicked", "m1", "c", 10, None),
        # the person whose mail it is, later
        ("p1", "opened", "m1", None, 1800, None),
        ("p2", "clicked", "m1", "a", 1805, None),
        # somebody who opens three links at once, and looks at two of them
        ("q1", "clicked", "m2", "a", 0, None),
        ("q2", "clicked", "m2", "b", 1, None),
        ("q3", "clicked", "m2", "c", 2, None),
        # three clicks on two links, and three links in eleven seconds
        ("r1", "clicked", "m3", "a", 0, None),
        ("r2", "clicked", "m3", "a", 1, None),
        ("r3", "clicked", "m3", "b", 2, None),
        ("t1", "clicked", "m4", "a", 0, None),
        ("t2", "clicked", "m4", "b", 5, None),
        ("t3", "clicked", "m4", "c", 11, None),
        # the provider's word, and messages without a name
        ("v1", "opened", "m5", None, 0, True),
        ("v2", "opened", "m5", None, 0, False),
        ("w1", "clicked", None, "a", 0, None),
        ("w2", "clicked", None, "b", 0, None),
        ("w3", "clicked", None, "c", 0, None),
    )
    views = viewed(
        spark,
        ("m1-a", 1806, False),  # the person's
        ("m1-b", 6, True),  # the scanner's browser, a crawler
        ("m2-a", 3, False),
        ("m2-b", 60, False),
        ("m2-c", 63, False),  # 61 seconds after the click
    )
    found = settled("silver.machine_events", events, views)
    assert {(row["event_id"], row["reason"]) for row in found.collect()} == {
        ("s0", "scanner"),
        ("s1", "scanner"),
        ("s2", "scanner"),
        ("s3", "scanner"),
        ("q3", "scanner"),
        ("v1", "provider"),
    }
    marked = with_machines(events, found)
    assert marked.count() == events.count()
    assert marked.where("is_machine").count() == 6
    human_opens = marked.where("kind = 'opened' AND NOT is_machine").select("event_id").collect()
    assert {row[0] for row in human_opens} == {"p1", "v2"}
