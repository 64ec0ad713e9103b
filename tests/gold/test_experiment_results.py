"""From assignments to a result: people count once, as they were meant, on both sides, and in one arm only."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipelines.gold import purchases
from pipelines.gold.experiment_results import TABLE, build
from pipelines.silver import assignments, engagement, machine_events, web_events
from tests.gold.bought import DAY, at, bought, frame, lake, values

pytestmark = pytest.mark.spark


def drawn(card: str, arm: str, day: int, **more: Any) -> dict[str, Any]:
    return {
        "assignment_id": f"a-{card}-{day}-{arm}",
        "assigned_on": at(day).date(),
        "assigned_at": at(day, 8),
        "anchor_type": "loyalty_card",
        "anchor_value": card,
        "experiment_id": "spring",
        "arm": arm,
        "is_control": arm == "holdout",
        "by_lot": True,
        "message_id": None if arm == "holdout" else f"m-{card}-{day}",
        **more,
    }


def event(card: str, kind: str, day: int, hour: float, **more: Any) -> dict[str, Any]:
    return {
        "event_id": f"{kind}-{card}-{hour}",
        "occurred_on": at(day).date(),
        "occurred_at": at(day, hour),
        "kind": kind,
        "anchor_type": "loyalty_card",
        "anchor_value": card,
        "message_id": f"m-{card}-{day}",
        **more,
    }


def seen(cookie: str, arm: str, day: int) -> dict[str, Any]:
    return {
        "event_id": f"{cookie}-{day}",
        "occurred_on": at(day).date(),
        "occurred_at": at(day),
        "kind": "page_view",
        "anchor_type": "cookie",
        "anchor_value": cookie,
        "is_crawler": False,
        "test_id": "listing",
        "test_arm": arm,
    }


def test_people_count_once_and_purchases_count_on_both_sides(spark: SparkSession) -> None:
    """C1 and C2 are mailed, C3 and C4 left out, C5 is in both arms; C1 buys after, before, late, and brings back."""
    sales = [
        bought("r1", "C1", 3, "10.00"),
        bought("b1", "C1", 5, "-4.00", returns_purchase="r1"),
        bought("o1", "C1", 4, "5.00", side="online"),
        bought("r0", "C1", 0, "8.00"),
        bought("r9", "C1", 25, "99.00"),
        bought("r3", "C3", 3, "2.00"),
        bought("r5", "C5", 3, "77.00"),
    ]
    assigned = [drawn(card, "mailed", day) for card in ("C1", "C2") for day in (1, 2)]
    assigned += [drawn("C3", "holdout", 1), drawn("C4", "holdout", 1)]
    assigned += [drawn("C5", "mailed", 1), drawn("C5", "holdout", 2)]
    events = [
        event("C1", "sent", 1, 8),
        event("C1", "clicked", 1, 9),
        event("C2", "sent", 1, 8),
        event("C2", "opened", 1, 8.5),
        event("C4", "sent", 1, 8, campaign_id="letters", message_id=None),
    ]
    opened = {
        "occurred_on": at(1).date(),
        "event_id": "opened-C2-8.5",
        "kind": "opened",
        "reason": "provider",
    }
    persons = lake(spark, [], [*sales, bought("x", "C2", 0, "1.00"), bought("y", "C4", 0, "1.00")])[0]
    rows = build(
        frame(spark, assignments.TABLE, assigned),
        frame(spark, engagement.TABLE, events),
        frame(spark, machine_events.TABLE, [opened]),
        frame(spark, web_events.TABLE, [seen("k1", "control", 1), *(seen("k2", "reranked", day) for day in (1, 2))]),
        persons,
        frame(spark, purchases.TABLE, [*sales, bought("z", "C9", 41, "1.00")]),
        as_of=DAY.replace(day=28),
        **values(TABLE),
    ).collect()  # fmt: skip
    found = {(row.experiment_id, row.arm, row.metric): row for row in rows}
    mailed = found["spring", "mailed", "revenue_per_person"]
    assert (mailed.numerator, mailed.denominator, mailed.in_two_arms) == (11.0, 2, 1)
    assert found["spring", "mailed", "purchases_per_person"].numerator == 2
    assert found["spring", "mailed", "offline_revenue_per_person"].numerator == 6.0
    assert found["spring", "holdout", "revenue_per_person"].numerator == 2.0
    assert (found["spring", "mailed", "opened_per_sent"].value, mailed.control) == (1.0, "holdout")
    assert found["spring", "mailed", "opened_per_sent_human"].value == 0.5
    assert found["letters", "sent", "buyers_per_person"].denominator == 1
    assert found["listing", "reranked", "revenue_per_person"].denominator == 1
    assert found["listing", "reranked", "revenue_per_person"].control == "control"
