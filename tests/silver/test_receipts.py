"""Tills' clocks, pick-ups, points and returns."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from pyspark.sql import DataFrame, SparkSession

from tests.silver.received import bronze, judged, reasons

pytestmark = pytest.mark.spark


def receipt(number: int, at: str, **fields: object) -> dict[str, object]:
    line = {"product_id": "milk", "quantity": "1", "net_amount": "1.20"}
    return {"receipt_no": str(number), "store_id": "S1", "purchased_at": at, "lines": [line], **fields}


def stores(spark: SparkSession) -> DataFrame:
    rows = [("S1", "Europe/Moscow"), ("S2", None), ("S3", "Mars/Base"), ("S4", "America/New_York")]
    return spark.createDataFrame(rows, "store_id string, time_zone string")


def test_a_clock_without_an_offset_is_of_its_shops_zone(spark: SparkSession) -> None:
    rows = judged(
        "silver.receipts",
        bronze(
            spark,
            "receipts",
            receipt(1, "2024-03-03T01:30:00"),
            receipt(2, "2024-03-03T01:30:00+05:00"),
            receipt(3, "2024-03-03 01:30", store_id="S2"),
            receipt(4, "2024-03-03T01:30:00", store_id="S3"),
            receipt(5, "2024-03-02T23:30:00.5", store_id="S4"),
            receipt(6, "2024-03-03T01:30:00", store_id="S9"),
        ),
        stores(spark),
        time_zone="Asia/Tokyo",
    )
    assert reasons(rows) == [[]] * 6
    assert [row["purchased_at"].astimezone(UTC).isoformat()[:19] for row in rows] == [
        "2024-03-02T22:30:00",
        "2024-03-02T20:30:00",
        "2024-03-02T16:30:00",
        "2024-03-02T16:30:00",
        "2024-03-03T04:30:00",
        "2024-03-02T16:30:00",
    ]
    assert {row["purchased_on"] for row in rows} == {date(2024, 3, 3)}


def test_clocks_that_are_wrong(spark: SparkSession) -> None:
    """Ahead of the arrival: refused. Before the first day: refused. Years back: it counts there, and tells."""
    rows = judged(
        "silver.receipts",
        bronze(
            spark,
            "receipts",
            receipt(1, "2024-03-05T10:00:00Z"),
            receipt(2, "2000-01-01T00:00:07Z"),
            receipt(3, "2019-03-04T10:00:00Z"),
            receipt(4, "half past nine"),
            receipt(5, "2024-02-30T10:00:00"),
        ),
        stores(spark),
    )
    assert reasons(rows) == [
        ["FUTURE:purchased_at"],
        ["TOO_OLD:purchased_at"],
        [],
        ["WRONG_TYPE:purchased_at"],
        ["WRONG_TYPE:purchased_at"],
    ]
    assert (rows[2]["purchased_on"], rows[2]["days_late"]) == (date(2019, 3, 4), 1827)
    assert (date(2024, 3, 4) - date(2019, 3, 4)).days == 1827


def test_a_pick_up_its_points_and_a_return(spark: SparkSession) -> None:
    at = "2024-03-03T10:00:00Z"
    rows = judged(
        "silver.receipts",
        bronze(
            spark,
            "receipts",
            receipt(1, at, order_id="W17", points_earned=3, points_spent="0", loyalty_card="C1"),
            receipt(2, at, kind="return", returns_receipt="S1/-/1/2024-03-03"),
            receipt(3, at, kind="return"),
            receipt(4, at, points_earned="-1", points_spent="many"),
        ),
        stores(spark),
    )
    assert reasons(rows) == [[], [], [], ["WRONG_TYPE:points_spent", "BELOW_MINIMUM:points_earned"]]
    pick_up, back, without, _ = rows
    assert (pick_up["order_id"], pick_up["points_earned"], pick_up["points_spent"]) == ("W17", 3, 0)
    assert back["returns_receipt"] == pick_up["receipt_id"]
    assert without["returns_receipt"] is None
    assert datetime(2024, 3, 3, 10, tzinfo=UTC) == pick_up["purchased_at"].replace(tzinfo=UTC)
