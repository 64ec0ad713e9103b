"""Two brands of one group share persons; what each may send, and has sent, stays its own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipelines.gold.consents import withdrawn
from pipelines.silver import customers
from tests.gold.people import day, persons, rows, touch, touches, whose
from tests.silver.received import settled

pytestmark = pytest.mark.spark
AS_OF = date(2024, 6, 30)
ARRIVED = datetime(2024, 2, 1, 6, tzinfo=UTC)
GIVEN = (
    # Anna has a form of Toys, unsubscribes from Shoes, and signs up with Shoes for push
    touch("2024-03-01 10:00", "A", "sent", channel="email", brand="toys"),
    touch("2024-03-02 10:00", "A", "sent", channel="email", brand="toys"),
    touch("2024-03-02 11:00", "email:a", "sent", channel="email", brand="shoes"),
    touch("2024-03-03 10:00", "email:a", "unsubscribed", channel="email", brand="shoes"),
    touch("2024-03-03 11:00", "cookie:k", "subscribed", channel="push", brand="shoes"),
    # Ben withdraws from whoever it was, after he had agreed to Toys, and agrees to Shoes again
    touch("2024-03-01 10:00", "B", "subscribed", brand="toys"),
    touch("2024-03-01 10:00", "B", "subscribed", brand="shoes"),
    touch("2024-03-05 10:00", "B", "complained"),
    touch("2024-03-06 10:00", "B", "resubscribed", brand="shoes"),
    # Cleo, in a group of one brand, says both in one instant; what a machine clicks is no word of Dora's
    touch("2024-03-05 10:00", "C", "subscribed"),
    touch("2024-03-05 10:00", "C", "complained"),
    touch("2024-03-05 10:00", "D", "unsubscribed", is_machine=True),
    touch("2024-03-05 10:00", "D", "sent", channel="direct_mail"),
    touch("2024-03-05 10:00", "E", "sent"),
    touch("2024-07-01 10:00", "E", "unsubscribed"),
)
PERSONS = (
    *(whose(each, "anna") for each in ("A", "A2", "email:a", "cookie:k")),
    *(whose(card, name) for card, name in zip("BCDE", ("ben", "cleo", "dora", "emma"), strict=True)),
)


def form(card: str, brand: str | None, *consents: str, **more: Any) -> dict[str, Any]:
    return {
        "loyalty_card": card,
        "brand": brand,
        "consents": list(consents) or None,
        "arrived_at": ARRIVED,
        **more,
    }


@pytest.fixture(scope="module")
def consents(spark: SparkSession) -> DataFrame:
    forms = (
        form("A", "toys", "email", "sms", joined_on=day("2024-01-05")),
        form("A2", "shoes", "email", joined_on=day("2024-01-06")),
        form("C", None),
        form("stranger", "toys", "email"),
    )
    found = settled(
        "gold.consents",
        touches(spark, *GIVEN),
        rows(spark, customers.TABLE, forms),
        persons(spark, *PERSONS),
        as_of=AS_OF,
    )
    return spark.createDataFrame(found.collect(), found.schema)


def test_consent_and_frequency_are_of_person_brand_and_channel(consents: DataFrame) -> None:
    found = {tuple(row)[:3]: tuple(row)[3:] for row in consents.collect()}
    assert found == {
        # person, brand, channel: consent, the last word, its day, messages, the last one's day
        ("anna", "toys", "email"): (True, "form", day("2024-01-05"), 2, day("2024-03-02")),
        ("anna", "toys", "sms"): (True, "form", day("2024-01-05"), 0, None),
        ("anna", "shoes", "email"): (False, "unsubscribed", day("2024-03-03"), 1, day("2024-03-02")),
        ("anna", "shoes", "push"): (True, "subscribed", day("2024-03-03"), 0, None),
        ("ben", "toys", "email"): (False, "complained", day("2024-03-05"), 0, None),
        ("ben", "shoes", "email"): (True, "resubscribed", day("2024-03-06"), 0, None),
        ("ben", "-", "email"): (False, "complained", day("2024-03-05"), 0, None),
        ("cleo", "-", "email"): (False, "complained", day("2024-03-05"), 0, None),
        ("emma", "-", "email"): (None, None, None, 1, day("2024-03-05")),
    }


def test_a_channel_is_closed_when_no_brand_may_use_it(consents: DataFrame) -> None:
    closed = {row["person_id"]: tuple(row)[1:] for row in withdrawn(consents).collect()}
    nothing = (None, None, None)
    assert closed == {
        "anna": nothing,
        "ben": nothing,
        "cleo": (day("2024-03-05"), None, None),
        "emma": nothing,
    }
