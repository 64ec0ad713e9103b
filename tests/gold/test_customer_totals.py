"""A person's history: sums, both sides, rhythm, consent and addresses; and who has a row at all."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipelines.silver import customers
from tests.gold.people import by_person, day, persons, rows, touch, touches, whose
from tests.silver.received import settled

pytestmark = pytest.mark.spark
AS_OF = date(2024, 6, 30)
LATER = datetime(2024, 2, 1, tzinfo=UTC)
GIVEN = (
    touch("2024-03-01 10:00", "A", "sale", "10.00"),
    touch("2024-03-01 12:00", "A", "sale", "5.00", store_id="S2"),
    touch("2024-03-04 10:00", "A", "sale", "2.00", store_id="S2", order_id="W1"),
    touch("2024-03-14 10:00", "email:a", "order", "20.00"),
    touch("2024-03-15 10:00", "A", "return", "-4.00"),
    touch("2024-02-20 10:00", "cookie:k", "session", channel="Email"),
    touch("2024-02-19 10:00", "cookie:k", "session", channel="Direct", is_machine=True),
    touch("2024-03-20 10:00", "email:a", "rated", stars=5),
    touch("2024-03-21 10:00", "email:a", "rated", stars=2),
    touch("2024-03-22 10:00", "email:a", "unsubscribed", channel="email"),
    touch("2024-03-23 10:00", "email:a", "resubscribed", channel="email"),
    touch("2024-03-22 10:00", "phone:b", "unsubscribed", channel="sms"),
    touch("2024-03-24 10:00", "email:b", "opened", channel="email"),
    touch("2024-03-25 10:00", "email:b", "bounced", channel="email"),
    touch("2024-03-25 11:00", "email:b", "opened", channel="email", is_machine=True),
    touch("2024-03-15 10:00", "C", "return", "-3.00"),
    touch("2024-03-15 10:00", "cookie:stranger", "session", channel="Direct"),
    touch("2024-03-15 10:00", "cookie:guest", "order", "8.00"),
    touch("2024-03-15 10:00", "family", "sale", "100.00"),
)
PERSONS = (
    *(whose(each, "anna") for each in ("A", "cookie:k")),
    whose("email:a", "anna", LATER),
    whose("email:old", "anna", until=LATER),  # once hers: no more
    *(whose(each, "ben") for each in ("email:b", "phone:b")),
    whose("C", "cleo"),
    whose("D", "dora"),
    whose("cookie:stranger", "stranger"),
    whose("cookie:guest", "guest"),
    whose("family", None),
)


@pytest.fixture(scope="module")
def totals(spark: SparkSession) -> DataFrame:
    later = touch("2024-07-01 10:00", "A", "sale", "9.00")
    touched, owned = touches(spark, *GIVEN, later), persons(spark, *PERSONS)
    told = settled("gold.consents", touched, rows(spark, customers.TABLE, []), owned, as_of=AS_OF)
    found = settled("gold.customer_totals", touched, owned, told, as_of=AS_OF)
    return spark.createDataFrame(found.collect(), found.schema)


def test_who_has_an_address_or_a_purchase_has_a_row(totals: DataFrame) -> None:
    found = by_person(totals, "purchase_days", "receipts", "orders", "returns", "net_revenue")
    assert found == {
        "anna": (3, 3, 1, 1, Decimal("33.00")),
        "ben": (0, 0, 0, 0, Decimal("0.00")),
        "cleo": (0, 0, 0, 1, Decimal("-3.00")),
        "dora": (0, 0, 0, 0, Decimal("0.00")),
        "guest": (1, 0, 1, 0, Decimal("8.00")),
    }


def test_revenue_by_person_and_of_nobody_is_all_revenue(totals: DataFrame) -> None:
    paid = sum(by_person(totals, "net_revenue").values())
    assert paid + Decimal("100.00") == sum(row["net_amount"] or 0 for row in GIVEN)


def test_a_picked_up_order_is_on_both_sides_and_revenue_where_it_was_paid(totals: DataFrame) -> None:
    sides = (
        "first_online_purchase_on",
        "last_online_purchase_on",
        "first_offline_purchase_on",
        "online_revenue",
    )
    found = by_person(totals, *sides, "last_offline_purchase_on")["anna"]
    assert found == (
        day("2024-03-04"),
        day("2024-03-14"),
        day("2024-03-01"),
        Decimal("20.00"),
        day("2024-03-04"),
    )


def test_rhythm_first_days_and_shops(totals: DataFrame) -> None:
    """Days 1, 4 and 14 March: gaps of 3 and 10 days, whose median is 6.5."""
    columns = (
        "first_purchase_on",
        "second_purchase_on",
        "last_purchase_on",
        "interval_days",
        "last_gap_days",
    )
    assert by_person(totals, *columns)["anna"] == (
        day("2024-03-01"),
        day("2024-03-04"),
        day("2024-03-14"),
        7,
        10,
    )
    shops = ("first_day_receipts", "first_store", "favourite_store", "repeat_sales")
    assert by_person(totals, *shops)["anna"] == (2, "S1", "S2", Decimal("22.00"))
    assert by_person(totals, "interval_days", "first_store", "favourite_store")["guest"] == (None, None, None)


def test_touches_ratings_consent_and_addresses(totals: DataFrame) -> None:
    columns = (
        "first_online_touch_on",
        "first_visit_channel",
        "last_rating",
        "email_withdrawn_on",
        "email_since",
    )
    assert by_person(totals, *columns)["anna"] == (day("2024-02-20"), "Email", 2, None, day("2024-02-01"))
    ben = (
        "sms_withdrawn_on",
        "email_withdrawn_on",
        "email_bounced_on",
        "phone_since",
        "last_online_touch_on",
    )
    assert by_person(totals, *ben)["ben"] == (
        day("2024-03-22"),
        None,
        day("2024-03-25"),
        day("2024-01-01"),
        day("2024-03-24"),
    )
