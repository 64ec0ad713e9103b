"""How far receipts come, by shop: each step a part of the one before, and the one that loses most is named."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from pipelines.gold.consents import ANY_BRAND
from pipelines.publish.page import About, render_page
from pipelines.publish.reach import STEPS, reach
from pipelines.publish.reach_page import limit, reach_page

AS_OF = date(2024, 3, 10)
SINCE = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.spark
def test_every_receipt_is_counted_as_far_as_it_came(spark: SparkSession) -> None:
    def receipt(
        number: str, card: str | None, day: int = 1, kind: str = "sale", store: str = "S1"
    ) -> tuple[Any, ...]:
        return (number, store, date(2024, 3, day), kind, card and "loyalty_card", card)

    receipts = spark.createDataFrame(
        [
            receipt("1", None),
            receipt("2", "A"),  # got a mail on the third day, clicked and ordered
            receipt("3", "B"),  # may not be written to, though a mail went
            receipt("4", "C"),  # no address
            receipt("5", "D"),  # a mail ten days later, and a machine's click
            receipt("6", "E"),  # a card that is nobody's
            receipt("7", "A", kind="return"),
            receipt("8", "A", day=10, store="S2"),
        ],
        "receipt_id string, store_id string, purchased_on date, kind string, anchor_type string, anchor_value string",
    )
    persons = spark.createDataFrame(
        [("loyalty_card", card, f"p{card}", SINCE, None, "c") for card in "ABCD"],
        "identifier_type string, identifier_value string, person_id string, valid_from timestamp, valid_to timestamp, "
        "component string",
    )
    known = spark.createDataFrame(
        [("pA", True, [ANY_BRAND]), ("pB", True, []), ("pC", False, [ANY_BRAND]), ("pD", True, [ANY_BRAND])],
        "person_id string, reached_email boolean, agreed_email array<string>",
    )
    touches = spark.createDataFrame(
        [
            (date(2024, 3, day), kind, channel, "loyalty_card", card, machine)
            for day, kind, channel, card, machine in (
                (3, "sent", "email", "A", False),
                (4, "clicked", "email", "A", False),
                (5, "order", None, "A", False),
                (3, "sent", "email", "B", False),
                (11, "sent", "email", "D", False),
                (2, "clicked", "email", "D", True),
                (2, "sent", "sms", "D", False),
            )
        ],
        "touched_on date, kind string, channel string, identifier_type string, identifier_value string, "
        "is_machine boolean",
    )
    rows = reach(receipts, persons, known, touches, as_of=AS_OF).collect()
    assert [tuple(row) for row in rows] == [("S1", 6, 5, 3, 2, 1, 1, 1), ("S2", 1, 1, 1, 1, 0, 0, 0)]


@given(st.lists(st.integers(0, 1000), min_size=len(STEPS), max_size=len(STEPS)))
def test_the_page_holds_whatever_was_counted(counts: list[int]) -> None:
    row = {"store_id": "<b>S1</b>", **dict(zip(STEPS, sorted(counts, reverse=True), strict=True))}
    found = limit(row)
    assert found is None or row[found] < row[STEPS[STEPS.index(found) - 1]]


def test_the_page_names_what_limits_and_escapes_a_shop() -> None:
    about = About(AS_OF, "USD", "455a07ca3eef", {})
    row = {"store_id": "<b>S1</b>", **dict(zip(STEPS, (10, 6, 2, 2, 1, 1, 0), strict=True))}
    html = render_page(reach_page([row], about, tacit=()))
    assert "<b>S1</b>" not in html
    assert "customers whom no mail can reach: 4 receipts" in html
    assert "No receipt, no reach." in render_page(reach_page([], about, tacit=()))
