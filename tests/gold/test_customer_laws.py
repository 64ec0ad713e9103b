"""Random touches, in any order of arrival and with persons that merge and part, come to what a rebuild gives."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipelines.gold import consents, customer_totals, journeys, kpi_monthly, touchpoints
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.table import Table
from pipelines.silver import customers, person_identifiers
from tests.days import rows_of
from tests.gold.people import KNOWN, persons, rows, touch, touches, whose
from tests.lakehouse.runs import made, written

pytestmark = pytest.mark.spark
MADE: tuple[Table, ...] = (consents.TABLE, customer_totals.TABLE, journeys.TABLE, kpi_monthly.TABLE)
FIRST, LAST = date(2024, 2, 20), date(2024, 3, 20)
NOBODY = "family"


def drawn(seed: int) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    found = []
    for number in range(90):
        said = chance.choice(("subscribed", "unsubscribed", "complained"))
        kind = chance.choice(("sale", "sale", "return", "order", "session", "sent", "opened", said))
        on = FIRST + timedelta(chance.randrange((LAST - FIRST).days))
        who = chance.choice((*"ABCDE", "email:a", "cookie:k", NOBODY))
        net = {
            "sale": chance.randrange(1, 900),
            "return": -chance.randrange(1, 300),
            "order": chance.randrange(1, 900),
        }
        more = (
            {"channel": "Email"} if kind == "session" else {"brand": chance.choice(("toys", "shoes", None))}
        )
        amount = f"{Decimal(net[kind]) / 100}" if kind in net else None
        at = f"{on} {chance.randrange(8, 20):02d}:{chance.randrange(60):02d}"
        found.append(touch(at, who, kind, amount, touch_id=f"t{number}", **more))
    return found


def known(of_k: str) -> list[dict[str, Any]]:
    return [
        *(whose(c, f"p{c}") for c in "ABCDE"),
        whose("email:a", "pA"),
        whose("cookie:k", of_k),
        whose(NOBODY, None),
    ]


def tell(lake: Lake, given: list[dict[str, Any]]) -> None:
    written(lake, touchpoints.TABLE, touches(lake.spark, *given))


def sign(lake: Lake, *cards: str) -> None:
    """Forms of these cards, each of Toys, in the order of arrival."""
    forms = (
        {
            "loyalty_card": card,
            "brand": "toys",
            "consents": ["email"],
            "joined_on": FIRST,
            "arrived_at": KNOWN,
        }
        | {"email_given": False, "phone_given": False, "file": "forms", "position": 1, "content_hash": 1}
        for card in cards
    )
    written(lake, customers.TABLE, rows(lake.spark, customers.TABLE, list(forms)))


def identify(lake: Lake, of_k: str) -> None:
    """Whose the browser is, in place of what was held before."""
    component = "pA"
    rows = [{**row, "component": component} for row in known(of_k)]
    standing = lake.head(person_identifiers.TABLE)
    written(
        lake,
        person_identifiers.TABLE,
        persons(lake.spark, *rows),
        [component] if standing else None,  # type: ignore[list-item]
    )


def test_days_in_any_order_are_a_rebuild(spark: SparkSession, tmp_path: Path) -> None:
    given, chance = drawn(1), random.Random(1)
    daily, whole = Lake(spark, str(tmp_path / "daily")), Lake(spark, str(tmp_path / "whole"))
    chance.shuffle(given)
    parts = [given[:40], given[40:75], given[75:]]
    for part, of_k, card in zip(parts, ("pk", "pA", "pB"), "ACD", strict=True):  # a browser, Anna's, Ben's
        tell(daily, part)
        sign(daily, card)
        identify(daily, of_k)
        for table in MADE:
            made(daily, table.name, LAST)
    tell(whole, given)
    sign(whole, *"ACD")
    identify(whole, "pB")
    for table in MADE:
        made(whole, table.name, LAST)
        assert rows_of(daily.read(table)) == rows_of(whole.read(table)), table.name
        assert made(daily, table.name, LAST).counts is None, "the same again writes nothing"
    paid = daily.read(customer_totals.TABLE).agg(F.sum("net_revenue")).collect()[0][0]
    of_nobody = sum(row["net_amount"] or 0 for row in given if row["identifier_value"] == NOBODY)
    assert paid + of_nobody == sum(row["net_amount"] or 0 for row in given)


def test_what_happens_later_changes_nothing(spark: SparkSession, tmp_path: Path) -> None:
    given = drawn(3)
    middle = FIRST + timedelta(15)
    before, after = Lake(spark, str(tmp_path / "before")), Lake(spark, str(tmp_path / "after"))
    for lake, told in ((before, [row for row in given if row["touched_on"] <= middle]), (after, given)):
        tell(lake, told)
        sign(lake, "A")
        identify(lake, "pA")
        for table in MADE[:3]:
            made(lake, table.name, middle)
    for table in MADE[:3]:
        assert rows_of(before.read(table)) == rows_of(after.read(table)), table.name
