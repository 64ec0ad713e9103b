"""Every source in one shape; an order is a purchase once, and a future row changes nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipelines.gold.touchpoints import TABLE
from tests.gold.people import rows
from tests.silver.received import settled

pytestmark = pytest.mark.spark
DAY = date(2024, 3, 1)
ANCHOR = {"anchor_type": "loyalty_card", "anchor_value": "A"}


def silver(spark: SparkSession, more: dict[str, list[dict[str, Any]]]) -> list[DataFrame]:
    return [rows(spark, read.table, more.get(read.table.short, [])) for read in TABLE.reads]


def fact(
    id_name: str, id_: str, day_name: str, at_name: str, hour: int, days: int = 0, **more: Any
) -> dict[str, Any]:
    at = datetime(2024, 3, 1, hour, tzinfo=UTC) + timedelta(days)
    return {id_name: id_, day_name: DAY + timedelta(days), at_name: at, **ANCHOR, **more}


def receipt(id_: str, hour: int, kind: str = "sale", days: int = 0, **more: Any) -> dict[str, Any]:
    return fact(
        "receipt_id", id_, "purchased_on", "purchased_at", hour, days, kind=kind, store_id="S1", **more
    )


def order(id_: str, hour: int, **more: Any) -> dict[str, Any]:
    return fact(
        "order_id",
        id_,
        "ordered_on",
        "ordered_at",
        hour,
        **{"status": "placed", "is_cancelled": False, **more},
    )


def line(of: str, id_: str, day_name: str, net: str, days: int = 0) -> dict[str, Any]:
    return {
        of: id_,
        day_name: DAY + timedelta(days),
        "net_amount": Decimal(net),
        "discount_amount": Decimal("0.10"),
    }


GIVEN: dict[str, list[dict[str, Any]]] = {
    "engagement": [
        fact(
            "event_id", "e1", "occurred_on", "occurred_at", 8, kind="sent", channel="email", campaign_id="7"
        ),
        fact("event_id", "e2", "occurred_on", "occurred_at", 9, kind="clicked", channel="email"),
        fact("event_id", "e3", "occurred_on", "occurred_at", 9, kind="delivered", channel="email"),
        fact("event_id", "e4", "occurred_on", "occurred_at", 9, kind="opened", anchor_value=None),
    ],
    "machine_events": [{"occurred_on": DAY, "event_id": "e2", "kind": "clicked", "reason": "scanner"}],
    "sessions": [
        fact(
            "session_id",
            "s1",
            "started_on",
            "started_at",
            10,
            channel="Email",
            is_crawler=False,
            campaign="spring",
        )
    ],
    "web_events": [
        fact("event_id", "w1", "occurred_on", "occurred_at", 10, kind="subscribe", is_crawler=False),
        fact("event_id", "w2", "occurred_on", "occurred_at", 10, kind="page_view", is_crawler=False),
    ],
    "orders": [
        order("on-line", 11),
        order("cancelled", 11, is_cancelled=True, status="cancelled"),
        order("waits", 11, fulfilment="picked_up", status="ready"),
        order("picked up", 11, fulfilment="picked_up", status="fulfilled", receipt_id="R2"),
        order("paid before", 11, fulfilment="picked_up", status="paid"),
    ],
    "order_lines": [
        line("order_id", each, "ordered_on", "5.00")
        for each in ("on-line", "on-line", "cancelled", "waits", "picked up", "paid before")
    ],
    "receipts": [
        receipt("R1", 12),
        receipt("R2", 13, order_id="picked up"),
        receipt("R3", 14, kind="return"),
        receipt("no line stands", 15),
        receipt("tomorrow", 12, days=1),
    ],
    "receipt_lines": [
        line("receipt_id", "R1", "purchased_on", "1.50"),
        line("receipt_id", "R1", "purchased_on", "2.00"),
        line("receipt_id", "R2", "purchased_on", "5.00"),
        line("receipt_id", "R3", "purchased_on", "-1.50"),
        line("receipt_id", "tomorrow", "purchased_on", "9.00", days=1),
    ],
    "locations": [
        fact("ping_id", "p1", "occurred_on", "occurred_at", 16, store_id="S2"),
        fact("ping_id", "p2", "occurred_on", "occurred_at", 16),
    ],
}


def test_every_source_is_a_touch_in_order_of_time(spark: SparkSession) -> None:
    found = settled(TABLE.name, *silver(spark, GIVEN), as_of=DAY).orderBy("touched_at", "touch_id").collect()
    assert [
        (row["kind"], row["touch_id"], row["side"], row["is_machine"], row["net_amount"]) for row in found
    ] == [
        ("sent", "e1", None, False, None),
        ("clicked", "e2", "online", True, None),
        ("session", "s1", "online", False, None),
        ("subscribed", "w1", "online", False, None),
        ("order", "on-line", "online", False, Decimal("10.00")),
        ("order", "paid before", "online", False, Decimal("5.00")),
        ("order", "picked up", "online", False, None),
        ("order", "waits", "online", False, None),
        ("sale", "R1", "offline", False, Decimal("3.50")),
        ("sale", "R2", "offline", False, Decimal("5.00")),
        ("return", "R3", "offline", False, Decimal("-1.50")),
        ("near_store", "p1", "offline", False, None),
    ]
    said = {
        row["touch_id"]: (row["channel"], row["campaign_id"], row["store_id"], row["order_id"])
        for row in found
    }
    assert said["e1"] == ("email", "7", None, None)
    assert said["s1"] == ("Email", "spring", None, None)
    assert said["R2"] == (None, None, "S1", "picked up")
