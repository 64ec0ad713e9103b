"""A visitor's events: who, on what device, how late, and whether a machine."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from pyspark.sql import SparkSession

from tests.silver.received import bronze, judged, reasons

pytestmark = pytest.mark.spark
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.4 Mobile/15E148 Safari/604.1"
)
ROBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def event(number: int, **fields: object) -> dict[str, object]:
    return {
        "event_id": f"e{number}",
        "kind": "page_view",
        "occurred_at": "2024-03-03T10:00:00Z",
        "cookie": "k1",
        **fields,
    }


def test_an_event_is_anchored_flagged_and_typed(spark: SparkSession) -> None:
    rows = judged(
        "silver.web_events",
        bronze(
            spark,
            "web_events",
            event(1, login="u7", login_by="password", mail_link_id="m1", user_agent=PHONE),
            event(2, login="u8", mail_link_id="m1", user_agent=ROBOT),  # signed in by the link, it seems
            event(3, cookie=None, kind="session_start"),
            event(
                4, kind="cart", lines=[{"product_id": "milk", "quantity": "2", "price": "1.20"}], device="tv"
            ),
            event(5, impressions=[{"product_id": "tea", "slot": 3}], occurred_at="2024-01-23T10:00:00+03:00"),
        ),
    )
    assert reasons(rows) == [[]] * 5
    assert [(row["anchor_type"], row["anchor_value"]) for row in rows] == [
        ("login", "u7"),
        ("mail_link_id", "m1"),
        (None, None),
        ("cookie", "k1"),
        ("cookie", "k1"),
    ]
    assert [(row["is_crawler"], row["device"]) for row in rows] == [
        (False, "phone"),
        (True, None),
        (False, None),
        (False, "tv"),
        (False, None),
    ]
    assert rows[3]["lines"] == [
        {"product_id": "milk", "quantity": Decimal("2.000"), "price": Decimal("1.20")}
    ]
    assert rows[4]["impressions"] == [{"product_id": "tea", "block": None, "slot": 3, "price": None}]
    assert [row["days_late"] for row in rows] == [1, 1, 1, 1, 41]
    assert rows[4]["occurred_on"] == date(2024, 1, 23)


def test_what_is_wrong_is_refused_with_each_reason(spark: SparkSession) -> None:
    rows = judged(
        "silver.web_events",
        bronze(
            spark,
            "web_events",
            event(1, occurred_at="2024-03-03T10:00:00"),
            event(2, occurred_at="2025-03-03T10:00:00Z"),
            event(3, occurred_at="1970-01-01T00:00:10Z"),
            event(4, lines=[{"product_id": "milk"}, {"quantity": "two", "price": "1.005"}]),
            event(5, device="toaster"),
            {"kind": "page_view"},
            b'{"event_id": "e7", "kind',
        ),
    )
    assert reasons(rows) == [
        ["WRONG_TYPE:occurred_at"],
        ["FUTURE:occurred_at"],
        ["TOO_OLD:occurred_at"],
        ["MISSING_VALUE:lines.product_id", "WRONG_TYPE:lines.quantity", "TOO_PRECISE:lines.price"],
        ["UNKNOWN_CODE:device"],
        ["MISSING_VALUE:event_id", "MISSING_VALUE:occurred_at"],
        ["NOT_JSON:record"],
    ]
