"""Forms, what is wrong with them, and whose they are, counted by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipelines.gold.customer_master_quality import TABLE, build
from pipelines.silver import campaigns, customers, engagement, person_identifiers

pytestmark = pytest.mark.spark

AS_OF = date(2024, 3, 10)
ARRIVED = datetime(2024, 3, 6, 6, tzinfo=UTC)


def rows(spark: SparkSession, module: Any, *given: dict[str, Any]) -> DataFrame:
    blank = {"arrived_at": ARRIVED, "email_given": False, "phone_given": False, "valid_from": ARRIVED}
    shape = ", ".join(f"{column.name} {column.type.simpleString()}" for column in module.TABLE.columns)
    return spark.createDataFrame(
        [[({**blank, **row}).get(n) for n in module.TABLE.names] for row in given], shape
    )


def form(card: str, store: str | None, day: int | None, **contacts: Any) -> dict[str, Any]:
    given = {f"{name}_given": True for name in contacts}
    valid = {name: value for name, value in contacts.items() if value != "malformed"}
    joined = {"joined_on": day and date(2024, 2, day)}
    return {"loyalty_card": card, "store_id": store, **joined, **given, **valid}


def said(at: int, email: str, kind: str) -> dict[str, Any]:
    instant = datetime(2024, 3, at, tzinfo=UTC)
    return {
        "event_id": f"{at}",
        "email": email,
        "kind": kind,
        "occurred_at": instant,
        "occurred_on": instant.date(),
    }


def test_the_forms_of_each_week_and_shop_are_counted(spark: SparkSession) -> None:
    """C and D are one person with two addresses; A and B share a phone; E's address bounced, F came back.

    5 February 2024 is a Monday; the bounce of G lies after the day.
    """
    forms = rows(
        spark,
        customers,
        form("A", "S1", 5, email="e1", phone="p1"),
        form("B", "S1", 11, email="malformed", phone="p1"),
        form("C", "S1", 12, email="e3"),
        form("D", "S2", 12, email="e4"),
        form("E", "S2", 13, email="e5"),
        form("F", "S2", 14, email="e6"),
        form("G", "S2", 15, email="e7"),
        form("H", None, None),
    )
    owned = [(card, "cd" if card in "CD" else card) for card in "ABCDEFGH"]
    persons = rows(
        spark,
        person_identifiers,
        *({"identifier_type": "loyalty_card", "identifier_value": c, "person_id": p} for c, p in owned),
    )
    events = rows(
        spark,
        engagement,
        *(said(1, "e5", "resubscribed"), said(2, "e5", "bounced"), said(3, "e5", "opened")),
        *(said(1, "e6", "unsubscribed"), said(2, "e6", "resubscribed"), said(11, "e7", "bounced")),
    )
    sent = rows(spark, campaigns, {"campaign_id": "1", "brand": "toys"})
    found = build(forms, persons, events, sent, as_of=AS_OF).orderBy("week", "store_id").collect()
    assert [tuple(row)[1:] for row in found] == [
        # week, shop, forms, email given, valid, phone given, valid, reachable, duplicated, conflicting
        (date(2024, 2, 5), "S1", 2, 2, 1, 2, 2, 2, 2, 0),
        (date(2024, 2, 12), "S1", 1, 1, 1, 0, 0, 1, 0, 1),
        (date(2024, 2, 12), "S2", 4, 4, 4, 0, 0, 3, 0, 1),
        (date(2024, 3, 4), "-", 1, 0, 0, 0, 0, 0, 0, 0),
    ]
    assert found[0].__fields__ == list(TABLE.names)


def test_an_address_is_refused_to_the_brand_that_it_left(spark: SparkSession) -> None:
    """A, B and C gave one address, to Toys, Shoes and an unknown brand; a mail of Toys' campaign was unsubscribed from.

    D's bounced, whosever mail that was.
    """
    forms = rows(
        spark,
        customers,
        form("A", "S1", 5, email="e1", brand="toys"),
        form("B", "S2", 5, email="e1", brand="shoes"),
        form("C", "S3", 5, email="e1"),
        form("D", "S4", 5, email="e2", brand="toys"),
    )
    events = rows(
        spark,
        engagement,
        {**said(1, "e1", "unsubscribed"), "campaign_id": "1"},
        {**said(2, "e2", "bounced"), "brand": "shoes"},
    )
    sent = rows(spark, campaigns, {"campaign_id": "1", "brand": "toys"})
    found = build(forms, rows(spark, person_identifiers), events, sent, as_of=AS_OF).collect()
    assert {row["store_id"]: row["reachable"] for row in found} == {"S1": 0, "S2": 1, "S3": 0, "S4": 0}
