"""A journey holds what lies between two purchases, and nothing that is too old, a machine's or of the future."""

from __future__ import annotations

from datetime import date

import pytest
from pyspark.sql import Row, SparkSession

from tests.gold.people import persons, touch, touches, whose
from tests.silver.received import settled

pytestmark = pytest.mark.spark
AS_OF = date(2024, 6, 30)
GIVEN = (
    touch("2024-03-01 08:00", "email:a", "sent", channel="email"),
    touch("2024-03-01 09:00", "email:a", "clicked", channel="email", is_machine=True),
    touch("2024-03-03 20:00", "cookie:k", "session", channel="Email"),
    touch("2024-03-05 10:00", "A", "sale", "12.50", touch_id="R1"),
    touch("2024-03-06 10:00", "cookie:k", "session", channel="Direct"),
    touch("2024-03-06 10:05", "email:a", "order", order_id="W1"),  # paid at the till
    touch("2024-03-09 10:00", "A", "sale", "30.00", touch_id="R2", order_id="W1", store_id="S2"),
    touch("2024-03-09 10:00", "A", "sale", "1.00", touch_id="R3"),
    touch("2024-03-20 10:00", "cookie:k", "session", channel="Direct"),  # 92 days before the next
    touch("2024-05-10 10:00", "cookie:k", "session", channel="Organic Search"),  # more than 30 days before
    touch("2024-06-20 10:00", "email:a", "order", "20.00", touch_id="W2", order_id="W2"),
    touch("2024-06-21 10:00", "cookie:k", "session", channel="Direct"),  # led to nothing yet
    touch("2024-03-05 10:00", "B", "sale", "5.00", touch_id="R4"),
    touch("2024-03-05 11:00", "family", "sale", "7.00", touch_id="R5"),  # nobody's
)
PERSONS = (
    *(whose(each, "anna") for each in ("A", "email:a", "cookie:k")),
    whose("B", "ben"),
    whose("family", None),
)


@pytest.fixture(scope="module")
def journeys(spark: SparkSession) -> dict[str, Row]:
    later = touch("2024-07-01 10:00", "A", "sale", "9.00", touch_id="R9")
    found = settled("gold.journeys", touches(spark, *GIVEN, later), persons(spark, *PERSONS), as_of=AS_OF)
    return {row["purchase_id"]: row for row in found.collect()}


def test_each_purchase_of_a_person_up_to_as_of_has_one(journeys: dict[str, Row]) -> None:
    assert set(journeys) == {"R1", "R2", "R3", "R4", "W2"}


def test_touches_since_the_last_purchase_count_and_machines_apart(journeys: dict[str, Row]) -> None:
    row = journeys["R1"]
    assert (row["touches"], row["messages"], row["clicks"], row["visits"], row["machine_touches"]) == (
        2,
        1,
        0,
        1,
        1,
    )
    assert (row["days"], row["first_channel"], row["last_channel"]) == (4, "email", "Email")
    assert (row["is_ropo"], row["is_repeat"], row["is_first_store"]) == (True, False, True)


def test_a_picked_up_order_is_one_purchase_and_no_ropo(journeys: dict[str, Row]) -> None:
    row = journeys["R2"]
    assert (row["is_click_and_collect"], row["is_ropo"], row["is_first_store"]) == (True, False, False)
    assert (row["touches"], row["visits"], row["days"], row["is_repeat"]) == (2, 1, 3, True)
    assert (row["side"], str(row["net_amount"])) == ("offline", "30.00")


def test_of_two_purchases_of_one_instant_the_second_has_no_touch(journeys: dict[str, Row]) -> None:
    assert (journeys["R3"]["touches"], journeys["R3"]["days"], journeys["R3"]["first_channel"]) == (
        0,
        None,
        None,
    )


def test_a_touch_before_the_look_back_is_left_out(journeys: dict[str, Row]) -> None:
    row = journeys["W2"]
    assert (row["side"], row["touches"], row["days"]) == ("online", 1, 41)
    assert (row["first_channel"], row["is_first_store"], row["is_ropo"]) == ("Organic Search", None, False)
