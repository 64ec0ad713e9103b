"""Events of messages: every kind, whoever they name, and ratings."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from pipelines.silver.engagement import KINDS
from tests.silver.received import bronze, judged, reasons

pytestmark = pytest.mark.spark


def event(number: int, kind: str, **fields: object) -> dict[str, object]:
    return {"event_id": f"e{number}", "kind": kind, "occurred_at": "2024-03-03T10:00:00Z", **fields}


def test_every_kind_is_taken_from_whatever_says_whom(spark: SparkSession) -> None:
    named = [{"loyalty_card": "C1"}, {"email": "email:1"}, {"phone": "phone:1"}, {"message_id": "m1"}]
    sent = [
        event(n, kind, **{"stars": 4, **named[n % 4]} if kind == "rated" else named[n % 4])
        for n, kind in enumerate(KINDS)
    ]
    rows = judged("silver.engagement", bronze(spark, "engagement", *sent))
    assert reasons(rows) == [[]] * len(KINDS)
    assert [row["kind"] for row in rows] == list(KINDS)
    assert [row["anchor_type"] for row in rows[:4]] == ["loyalty_card", "email", "phone", None]


def test_a_rating_has_stars_and_may_have_words(spark: SparkSession) -> None:
    card = {"loyalty_card": "C1"}
    rows = judged(
        "silver.engagement",
        bronze(
            spark,
            "engagement",
            event(
                1, "rated", stars=5, text="Fresh!", receipt_id="S1/-/1/2024-03-01", product_id="milk", **card
            ),
            event(2, "rated", order_id="W17", **card),
            event(3, "rated", stars=6, **card),
            event(4, "rated", stars="four", **card),
        ),
    )
    assert reasons(rows) == [
        [],
        ["MISSING_VALUE:stars"],
        ["ABOVE_MAXIMUM:stars"],
        ["WRONG_TYPE:stars", "MISSING_VALUE:stars"],
    ]
    assert (rows[0]["stars"], rows[0]["text"], rows[0]["product_id"]) == (5, "Fresh!", "milk")


def test_nobody_an_unknown_kind_and_what_the_provider_says_of_machines(spark: SparkSession) -> None:
    rows = judged(
        "silver.engagement",
        bronze(
            spark,
            "engagement",
            event(1, "opened"),
            event(2, "framed", message_id="m1"),
            event(3, "opened", message_id="m1", machine="true"),
            event(4, "opened", message_id="m1", machine="false"),
            event(5, "opened", message_id="m1", channel="pigeon"),
        ),
    )
    assert reasons(rows) == [["NOBODY:message_id"], ["UNKNOWN_CODE:kind"], [], [], ["UNKNOWN_CODE:channel"]]
    assert [row["machine"] for row in rows] == [None, None, True, False, None]
