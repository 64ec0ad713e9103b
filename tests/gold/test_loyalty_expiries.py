"""Points that expire: by hand, and in a random world as somebody would cross them off lot by lot."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from pyspark.sql import Row, SparkSession

from tests.gold.test_loyalty_ledger import ANN, Receipt, entries, ledger, receipt

pytestmark = pytest.mark.spark


def test_what_is_left_expires_the_oldest_having_been_spent_first(spark: SparkSession) -> None:
    """10 points of February and 10 of March; 12 are spent in April: 8 expire with those of March."""
    bought = [
        receipt("1", date(2024, 2, 1), "334.00"),
        receipt("2", date(2024, 3, 1), "334.00"),
        receipt("3", date(2024, 4, 1), "24.00", spent=12, product="fuel"),
    ]
    rows = ledger(spark, bought, ANN, expire_days=100)
    assert entries(rows) == [
        ("accrual", 10, 10),
        ("accrual", 10, 20),
        ("redemption", -12, 8),
        ("expiry", -8, 0),
    ]
    last = rows[-1]
    assert (last.occurred_on, last.document_id) == (date(2024, 6, 9), "expiry/2024-06-09")
    assert last.reason == "8 points expired, 100 days after they were earned"
    assert entries(ledger(spark, bought, ANN, expire_days=100, as_of=date(2024, 6, 8)))[-1] == (
        "redemption",
        -12,
        8,
    )
    assert [kind for kind, *_ in entries(ledger(spark, bought, ANN))] == ["accrual", "accrual", "redemption"]


def test_a_return_after_they_expired_takes_nothing_back(spark: SparkSession) -> None:
    sale = receipt("1", date(2024, 2, 1), "334.00")
    back = receipt("2", date(2024, 6, 1), "334.00", returns=sale["id"])
    assert entries(ledger(spark, [sale, back], ANN, expire_days=30)) == [
        ("accrual", 10, 10),
        ("expiry", -10, 0),
    ]


def test_credits_for_earlier_purchases_last_from_the_programme_s_start(spark: SparkSession) -> None:
    rows = ledger(spark, [receipt("1", date(2023, 6, 1), "300.00")], ANN, expire_days=30)
    assert [(row.kind, row.points, row.occurred_on) for row in rows] == [
        ("credit", 9, date(2023, 6, 1)),
        ("expiry", -9, date(2024, 1, 31)),
    ]


def test_a_random_world_as_crossed_off_lot_by_lot(spark: SparkSession) -> None:
    chance, days = random.Random(5), 60
    world: list[Receipt] = []
    for number in range(150):
        day = date(2024, 2, 1) + timedelta(chance.randrange(300))
        amount, who = (
            f"{chance.randrange(1, 60000) / 100:.2f}",
            chance.choice(["card:a", "card:b", "token:x"]),
        )
        world.append(
            receipt(
                f"s{number}", day, amount, who, spent=chance.choice([None, None, chance.randrange(1, 40)])
            )
        )
    persons = {"card:a": "ann", "token:x": "ann", "card:b": "bob"}
    rows = ledger(spark, world, persons, expire_days=days)
    plain = ledger(spark, world, persons)
    assert {row.person_id for row in rows if row.kind == "expiry"} == {"ann", "bob"}
    for person in ("ann", "bob"):
        gone = {
            row.occurred_on: -row.points for row in rows if row.person_id == person and row.kind == "expiry"
        }
        assert gone == crossed_off([row for row in plain if row.person_id == person], days)


def crossed_off(entries: Sequence[Row], days: int) -> dict[date, int]:
    """What expires on each day until the end of 2024; a debt is paid by the next points that are earned."""
    found: dict[date, int] = {}
    lots: list[list[int]] = []
    debt, day = 0, date(2024, 1, 1)
    while day <= date(2024, 12, 31):
        due = sum(left for born, left in lots if born + days == day.toordinal())
        lots = [lot for lot in lots if lot[0] + days > day.toordinal()]
        if due:
            found[day] = due
        today = [row for row in entries if row.occurred_on == day]
        for earned in (row.points for row in today if row.points > 0):
            paid = min(debt, earned)
            debt -= paid
            lots.append([day.toordinal(), earned - paid])
        debt -= sum(row.points for row in today if row.points < 0)
        for lot in lots:
            paid = min(debt, lot[1])
            debt, lot[1] = debt - paid, lot[1] - paid
        day += timedelta(1)
    return found
