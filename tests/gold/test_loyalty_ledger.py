"""Points of a few receipts by hand, and a random world in which every balance is the sum of its entries."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from pipelines.calc.loyalty import BEFORE, Accrual, Credit, Redemption
from pipelines.gold import loyalty_events, loyalty_expiries
from pipelines.gold.loyalty_ledger import build

pytestmark = pytest.mark.spark

START, OPEN, TODAY = date(2024, 1, 1), date(2024, 2, 1), date(2024, 12, 31)
MARCH = date(2024, 3, 1)
RULES: dict[str, Any] = {
    "accruals": (
        Accrual(
            name="base",
            currency="USD",
            starts_on=START,
            ends_on=date(2024, 5, 31),
            points=Decimal(3),
            per=Decimal(100),
            except_categories=("FUEL",),
        ),
        Accrual(
            name="double",
            currency="USD",
            starts_on=date(2024, 6, 1),
            ends_on=None,
            points=Decimal(6),
            per=Decimal(100),
            frozen_days=14,
        ),
        Accrual(
            name="elsewhere",
            currency="EUR",
            starts_on=START,
            ends_on=None,
            points=Decimal(99),
            per=Decimal(1),
        ),
    ),
    "redemptions": (
        Redemption(
            currency="USD", starts_on=OPEN, ends_on=None, point_value=Decimal(1), max_share=Decimal("0.5")
        ),
    ),
    "credits": (Credit(currency="USD", days=365, points=Decimal(3), per=Decimal(100), cap=10),),
    "currency": "USD",
}
Receipt = dict[str, Any]
_RECEIPT = (
    "receipt_id string, purchased_on date, purchased_at timestamp, kind string, anchor_type string, "
    "anchor_value string, points_spent bigint, returns_receipt string"
)
_LINE = "purchased_on date, receipt_id string, product_id string, net_amount decimal(18, 2)"
_ORDER = (
    "order_id string, ordered_on date, ordered_at timestamp, status string, fulfilment string, receipt_id string, "
    "points_spent bigint, anchor_type string, anchor_value string, is_cancelled boolean"
)


def receipt(
    number: str,
    day: date,
    amount: str,
    who: str | None = "card:a",
    *,
    spent: int | None = None,
    product: str = "tea",
    returns: str | None = None,
    kind: str = "sale",
) -> Receipt:
    """A sale, or with `returns` the return of a receipt, or of kind `return` without one."""
    return {
        "id": f"S1/T1/{number}/{day}",
        "day": day,
        "amount": Decimal(amount),
        "who": who,
        "spent": spent,
        "product": product,
        "returns": returns,
        "kind": "return" if returns else kind,
    }


def ordered(
    number: str,
    status: str,
    amount: str,
    *,
    fulfilment: str | None = None,
    receipt: str | None = None,
    spent: int | None = None,
) -> tuple[Any, ...]:
    """An order of Ann's login on 1 March."""
    whose = (fulfilment, receipt, spent, "login", "ann")
    return (number, MARCH, at(MARCH), status, *whose, status == "cancelled", Decimal(amount))


def ledger(
    spark: SparkSession,
    receipts: Sequence[Receipt],
    persons: Mapping[str, str],
    orders: Sequence[tuple[Any, ...]] = (),
    *,
    expire_days: int | None = None,
    as_of: date = TODAY,
) -> list[Row]:
    def named(who: str | None) -> list[str | None]:
        return [None, None] if who is None else list(who.split(":"))

    heads = [
        (r["id"], r["day"], at(r["day"]), r["kind"], *named(r["who"]), r["spent"], r["returns"])
        for r in receipts
    ]
    lines = [
        (r["day"], r["id"], r["product"], r["amount"] * (-1 if r["kind"] == "return" else 1))
        for r in receipts
    ]
    goods = spark.createDataFrame(
        [("tea", "FOOD", "TEA"), ("fuel", "FUEL", "FUEL")],
        "product_id string, department string, category string",
    )
    events = loyalty_events.build(
        spark.createDataFrame(heads, _RECEIPT),
        spark.createDataFrame(lines, _LINE),
        goods,
        spark.createDataFrame([order[:-1] for order in orders], _ORDER),
        spark.createDataFrame(
            [(order[1], order[0], "tea", order[-1]) for order in orders],
            "ordered_on date, order_id string, product_id string, net_amount decimal(18, 2)",
        ),
        goods,
        as_of=as_of,
        expire_days=expire_days,
        **RULES,
    )
    identifiers = spark.createDataFrame(
        [(*who.split(":"), person, None) for who, person in persons.items()],
        "identifier_type string, identifier_value string, person_id string, valid_to timestamp",
    )
    more = {name: RULES[name] for name in ("credits", "currency")} | {"expire_days": expire_days}
    expiries = loyalty_expiries.build(events, as_of=as_of)
    rows = build(events, identifiers, events, expiries, as_of=as_of, members=("card",), **more)
    return sorted(rows.collect(), key=lambda row: (row.person_id, row.entry_no))


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def entries(rows: Sequence[Row], person: str = "ann") -> list[tuple[str, int, int]]:
    return [(row.kind, row.points, row.balance) for row in rows if row.person_id == person]


ANN = {"card:a": "ann"}


def test_points_are_earned_on_money_and_pay_for_half_of_a_receipt(spark: SparkSession) -> None:
    rows = ledger(
        spark,
        [
            receipt("1", date(2024, 1, 10), "1033.33", spent=50),  # redemption is not open yet
            receipt("2", date(2024, 2, 10), "40.00", spent=30),  # of which 20 are allowed
            receipt("3", date(2024, 6, 10), "200.00", spent=4),
            receipt("4", date(2024, 3, 10), "500.00", product="fuel"),
        ],
        ANN,
    )
    assert entries(rows) == [
        ("accrual", 30, 30),
        ("redemption", 0, 30),
        ("redemption", -20, 10),
        ("accrual", 11, 21),  # 6 for each 100 of 196.00
        ("redemption", -4, 17),
    ]
    assert [row.reason for row in rows] == [
        "30 points for 1033.33 paid, by the rule base",
        "0 points paid 0.00; 50 were taken, more than allowed",
        "20 points paid 20.00; 30 were taken, more than allowed",
        "11 points for 196.00 paid, by the rule double; to be spent from 2024-06-24",
        "4 points paid 4.00",
    ]


def test_a_return_takes_back_what_the_sale_earned_of_whom_it_earned_it_for(spark: SparkSession) -> None:
    sale = receipt("1", date(2024, 2, 10), "100.00", spent=50)  # earns 1, for 50.00
    twice = receipt("2", date(2024, 5, 30), "100.00")  # earns 3 by the rule of that day
    rows = ledger(
        spark,
        [
            sale,
            twice,
            receipt("3", date(2024, 3, 1), "40.00", None, returns=sale["id"], spent=20),
            receipt("4", date(2024, 3, 2), "60.00", "card:b", returns=sale["id"]),
            receipt("5", date(2024, 7, 1), "60.00", returns=twice["id"]),
            receipt("6", date(2024, 7, 2), "40.00", returns=twice["id"]),
            receipt("7", date(2024, 7, 3), "100.00", "card:b", returns="S1/T1/999/2024-03-01"),
            receipt("8", date(2024, 7, 4), "50.00", "card:b", kind="return"),
        ],
        {**ANN, "card:b": "bob"},
    )
    assert entries(rows) == [
        ("accrual", 1, 1),
        ("redemption", -50, -49),
        ("refund", 20, -29),
        ("reversal", -1, -30),
        ("accrual", 3, -27),
        ("reversal", -1, -28),
        ("reversal", -1, -29),
    ]
    assert entries(rows, "bob") == [("reversal", -3, -3), ("reversal", -3, -6)]
    assert "the receipt is not known" in next(row.reason for row in rows if row.person_id == "bob")


def test_what_is_taken_back_of_frozen_points_was_never_there_to_be_spent(spark: SparkSession) -> None:
    sale = receipt("1", date(2024, 6, 10), "200.00")  # 12 points, frozen for 14 days
    rows = ledger(
        spark,
        [
            sale,
            receipt("2", date(2024, 6, 12), "100.00", returns=sale["id"]),
            receipt("3", date(2024, 7, 1), "100.00", returns=sale["id"]),
        ],
        ANN,
    )
    assert [(row.points, row.available_on) for row in rows] == [
        (12, date(2024, 6, 24)),
        (-6, date(2024, 6, 24)),
        (-6, date(2024, 7, 1)),
    ]


def test_purchases_before_the_programme_are_credited_up_to_the_cap(spark: SparkSession) -> None:
    early, other = receipt("1", date(2023, 6, 1), "300.00"), receipt("2", date(2023, 7, 1), "200.00")
    rows = ledger(
        spark,
        [
            early,
            other,
            receipt("3", date(2023, 8, 1), "200.00"),  # 6, of which the cap lets none through
            receipt("0", date(2022, 8, 1), "900.00"),  # longer ago than the rule goes
            receipt("4", date(2023, 9, 1), "300.00", returns=early["id"]),  # 12 are left: still the cap
            receipt("5", date(2024, 2, 1), "200.00", returns=other["id"]),  # 6 are left
        ],
        ANN,
    )
    assert entries(rows) == [("credit", 9, 9), ("credit", 1, 10), ("reversal", -4, 6)]
    assert rows[1].reason.endswith("; 6 by the rule, less what is beyond its limit")


def test_what_was_bought_without_the_card_is_claimed_by_identity_and_only_members_have_points(
    spark: SparkSession,
) -> None:
    bought = [receipt("1", MARCH, "100.00", "token:t"), receipt("2", MARCH, "100.00", "token:u")]
    orders = [
        ordered("7", "paid", "200.00"),
        ordered("8", "fulfilled", "100.00", receipt="S1/T1/2/2024-03-01"),
        ordered("9", "cancelled", "100.00"),
        ordered("10", "ready", "100.00", fulfilment="picked_up"),  # paid when it is fetched
    ]
    rows = ledger(
        spark, bought, {**ANN, "token:t": "ann", "login:ann": "ann", "token:u": "nobody"}, orders=orders
    )
    assert entries(rows) == [("claim", 3, 3), ("claim", 6, 9)]
    assert [row.document_id for row in rows] == ["S1/T1/1/2024-03-01", "order/7"]
    assert rows[0].reason.endswith("; bought under a token")


def test_points_pay_for_half_of_an_order_too(spark: SparkSession) -> None:
    """200.00 earns 3 for each 100 of what is not paid with points: of 60 points each pays 1.00, of 140.00."""
    rows = ledger(
        spark,
        [receipt("1", date(2024, 2, 1), "40000.00")],
        {**ANN, "login:ann": "ann"},
        orders=[ordered("7", "paid", "200.00", spent=60), ordered("8", "paid", "80.00", spent=60)],
    )
    moved = [(row.kind, row.points) for row in rows if row.document_id.startswith("order/")]
    assert sorted(moved) == [("claim", 1), ("claim", 4), ("redemption", -60), ("redemption", -40)]
    assert sum("60 were taken, more than allowed" in row.reason for row in rows) == 1


def test_a_balance_is_the_sum_of_its_entries_through_merges_and_splits(spark: SparkSession) -> None:
    """Random receipts of five cards and two tokens; persons apart, merged, and parted again."""
    chance = random.Random(7)
    whose = ["card:a", "card:b", "card:c", "card:d", "card:e", "token:x", "token:y", None]
    world: list[Receipt] = []
    for number in range(160):
        day = date(2023, 6, 1) + timedelta(chance.randrange(560))
        amount = f"{chance.randrange(1, 40000) / 100:.2f}"
        if chance.random() < 0.25 and world:
            of = chance.choice([*world, None])
            back = "S1/T1/x/2024-02-02" if of is None else of["id"]
            day = max(day, of["day"]) if of else day
            world.append(receipt(f"r{number}", day, amount, chance.choice(whose), returns=back))
        else:
            spent = chance.choice([None, chance.randrange(1, 200)])
            world.append(receipt(f"s{number}", day, amount, chance.choice(whose), spent=spent))
    apart = {who: who for who in whose if who}
    merged = {**apart, "card:b": "card:a", "token:x": "card:a", "card:d": "card:c"}
    found = {}
    for name, persons in (("apart", apart), ("merged", merged), ("parted", dict(apart))):
        rows = ledger(spark, world, persons)
        running: dict[str, int] = defaultdict(int)
        places: dict[str, int] = defaultdict(int)
        for row in rows:
            running[row.person_id] += row.points
            places[row.person_id] += 1
            assert (row.balance, row.entry_no) == (running[row.person_id], places[row.person_id])
        for person in running:
            credited = [r.points for r in rows if r.person_id == person and r.rule == BEFORE]
            assert sum(credited) <= 10
        found[name] = rows
    assert found["parted"] == found["apart"]

    def uncapped(name: str, *persons: str) -> int:
        theirs = (row for row in found[name] if row.person_id in persons and row.rule != BEFORE)
        return sum(row.points for row in theirs)

    assert {row.kind for row in found["merged"]} == {"accrual", "claim", "credit", "redemption", "reversal"}
    assert {row.person_id for row in found["apart"]} == {f"card:{c}" for c in "abcde"}
    assert uncapped("merged", "card:c") == uncapped("apart", "card:c", "card:d")
    assert uncapped("merged", "card:e") == uncapped("apart", "card:e")
    sold = {each["id"] for each in world if each["kind"] == "sale"}
    left: dict[str, int] = defaultdict(int)
    for row in found["merged"]:
        if row.about in sold and row.kind != "redemption" and row.rule != BEFORE:
            left[row.about] += row.points
    assert min(left.values()) >= 0, "no sale loses more than it earned"
