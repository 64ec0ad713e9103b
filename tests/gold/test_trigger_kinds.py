"""What raises a message, kind by kind, on a day that one can look over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipelines.calc.triggers.kinds import OnDate, OnReceipt, OnSegment, OnVisit
from pipelines.gold.trigger_kinds import RAISED, dates, of_segments, purchases, visits
from tests.gold.decision_case import march, trigger

pytestmark = pytest.mark.spark

TODAY = date(2024, 3, 15)
CLOSE = datetime(2024, 3, 16, 6, tzinfo=UTC)
NOON = march(15, 12)
YESTERDAY = TODAY - timedelta(1)


def on(name: str, event: Any, **more: Any) -> Any:
    return trigger(name, 1, when=event, **more)


@pytest.fixture(scope="module")
def persons(spark: SparkSession) -> DataFrame:
    rows = [("loyalty_card", "a", "ann"), ("cookie", "k", "ann"), ("loyalty_card", "b", "bob")]
    return spark.createDataFrame(rows, "identifier_type string, identifier_value string, person_id string")


def found(frame: DataFrame, *names: str) -> set[tuple[object, ...]]:
    assert tuple(frame.columns) == RAISED
    return {tuple(row) for row in frame.select(*names).collect()}


def test_every_receipt_of_the_window_raises_one_whoever_s_it_is(
    spark: SparkSession, persons: DataFrame
) -> None:
    card, none = ("loyalty_card", "a"), (None, None)
    receipts = spark.createDataFrame(
        [
            ("r1", TODAY, NOON, "S1", "sale", None, *card),
            ("r2", TODAY, NOON, "S1", "sale", None, *none),
            ("r3", TODAY, NOON, "S1", "return", None, *card),
            ("r4", YESTERDAY, NOON, "S1", "sale", None, *card),
            ("r5", TODAY, NOON, "S2", "sale", "W1", "loyalty_card", "b"),
        ],
        "receipt_id string, purchased_on date, purchased_at timestamp, store_id string, kind string, order_id string, "
        "anchor_type string, anchor_value string",
    )
    lines = spark.createDataFrame(
        [("r5", TODAY, "tea"), ("r5", TODAY, "nut"), ("r5", TODAY, "tea")],
        "receipt_id string, purchased_on date, product_id string",
    )
    orders = spark.createDataFrame(
        [("W1", TODAY, NOON, None, False, "cookie", "k"), ("W2", TODAY, NOON, None, True, "cookie", "k")],
        "order_id string, ordered_on date, ordered_at timestamp, store_id string, is_cancelled boolean, "
        "anchor_type string, anchor_value string",
    )
    triggers = [
        on("mail", OnReceipt(kind="receipt", side="shop")),
        on("rate", OnReceipt(kind="receipt", side="pick_up")),
        on("site", OnReceipt(kind="receipt", side="site")),
        on("slow", OnReceipt(kind="receipt", side="shop"), window_days=2),
    ]
    rows = purchases(receipts, lines, orders, persons, triggers, TODAY)
    assert found(rows, "trigger", "occasion", "person_id") == {
        *((name, "r1", "ann") for name in ("mail", "slow")),
        *((name, "r2", None) for name in ("mail", "slow")),
        *((name, "r5", "bob") for name in ("mail", "slow", "rate")),
        ("slow", "r4", "ann"),
        ("site", "order/W1", "ann"),
    }
    (rated,) = rows.where("trigger = 'rate'").collect()
    assert (rated.products, rated.store_id) == (["nut", "tea"], "S2")


def test_a_visit_that_ended_without_an_order_tells_what_was_left(
    spark: SparkSession, persons: DataFrame
) -> None:
    def visit(name: str, **more: Any) -> tuple[object, ...]:
        row = {
            "day": TODAY,
            "who": "k",
            "crawler": False,
            "searches": 0,
            "products": [],
            "categories": [],
            "cart": [],
            "orders": [],
            **more,
        }
        kind = ("cookie", row.pop("who"))
        return (name, row.pop("day"), NOON, *kind, *row.values())

    sessions = spark.createDataFrame(
        [
            visit("cart", products=["tea", "nut"], cart=["tea"]),
            visit("view", products=["nut"]),
            visit("search", searches=2),
            visit("category", categories=["TEA"]),
            visit("bought", cart=["tea"], orders=["W1"]),
            visit("stranger", cart=["tea"], who="x"),
            visit("robot", cart=["tea"], crawler=True),
            visit("old", cart=["tea"], day=YESTERDAY),
        ],
        "session_id string, ended_on date, ended_at timestamp, anchor_type string, anchor_value string, "
        "is_crawler boolean, searches int, products array<string>, categories array<string>, "
        "cart_products array<string>, order_ids array<string>",
    )
    triggers = [
        on(f"left_{did}", OnVisit(kind="visit", did=did)) for did in ("cart", "view", "category", "search")
    ]
    rows = visits(sessions, persons, triggers, TODAY)
    assert {(row.trigger, row.occasion, *(row.products or [])) for row in rows.collect()} == {
        ("left_cart", "cart", "tea"),
        ("left_view", "view", "nut"),
        ("left_search", "search"),
        ("left_category", "category"),
    }


def test_a_segment_raises_who_comes_in_once_and_its_members_once_a_span(spark: SparkSession) -> None:
    members = spark.createDataFrame(
        [
            ("lapsed", "new", TODAY, None),
            ("lapsed", "old", YESTERDAY, None),
            ("lapsed", "gone", TODAY - timedelta(9), TODAY),
            ("first seen", "else", TODAY, None),
        ],
        "segment string, person_id string, entered_on date, left_on date",
    )
    everybody = spark.createDataFrame([("new",), ("old",)], "person_id string")

    def event(**more: Any) -> OnSegment:
        return OnSegment(kind="segment", **more)

    triggers = [
        on("enters", event(segment="lapsed")),
        on("nobody", event(segment="first seen")),
        on("span", event(segment="lapsed", moment="member", every_days=7)),
        on("monthly", event(segment="lapsed", moment="member", days_of_month=(15,))),
        on("never", event(segment="lapsed", moment="member", days_of_month=(14,))),
        on("all", event(moment="member", weekdays=(5,))),
    ]
    rows = of_segments(members, everybody, triggers, TODAY, CLOSE)
    assert found(rows, "trigger", "occasion") == {
        ("enters", "2024-03-15/new"),
        *(("span", f"2024-03-14/{name}") for name in ("new", "old")),
        *((name, f"2024-03-15/{person}") for name in ("monthly", "all") for person in ("new", "old")),
    }


def test_a_date_raises_its_message_so_many_days_before(spark: SparkSession, persons: DataFrame) -> None:
    replenishment = spark.createDataFrame(
        [
            (TODAY, "ann", "tea", TODAY + timedelta(2), 9),
            (TODAY, "ann", "nut", TODAY + timedelta(2), 3),
            (TODAY, "ann", "jam", TODAY + timedelta(3), 3),
            (YESTERDAY, "ann", "oil", TODAY + timedelta(2), 3),
        ],
        "as_of date, person_id string, product_id string, next_due_on date, interval_days int",
    )
    customers = spark.createDataFrame(
        [
            ("a", TODAY, [date(2020, 3, 22), date(2021, 3, 23)]),
            ("b", YESTERDAY, [TODAY + timedelta(7)]),  # not born yet
        ],
        "loyalty_card string, joined_on date, children array<date>",
    )
    triggers = [
        on("due", OnDate(kind="date", date="replenishment", days_before=2)),
        on("child", OnDate(kind="date", date="child_birthday", days_before=7)),
        on("joined", OnDate(kind="date", date="joined")),
    ]
    rows = dates(replenishment, customers, persons, triggers, TODAY, CLOSE)
    assert {(row.trigger, row.occasion, *(row.products or [])) for row in rows.collect()} == {
        ("due", "2024-03-17/ann", "nut", "tea"),
        ("child", "2024-03-22/ann"),
        ("joined", "2024-03-15/ann"),
    }
