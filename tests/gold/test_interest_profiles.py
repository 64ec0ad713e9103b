"""Interests of a handful of people, worked out by hand, and what must not move them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from pipelines.gold import catalogue_terms, interest_days
from pipelines.gold.interest_profiles import TABLE, build
from pipelines.settings import load
from tests.silver.browsing import event, events

pytestmark = pytest.mark.spark

TODAY = date(2024, 3, 31)
SETTINGS = {path.rsplit(".", 1)[-1]: load().value(path) for path in TABLE.params}
PRODUCTS = [
    ("tea", "Black tea", "GROCERY", "TEA", "LEAVES", "Leaf", "100 G"),
    ("oolong", "Oolong", "GROCERY", "TEA", "LEAVES", "Leaf", "50 G"),
    ("coffee", "Beans", "GROCERY", "COFFEE", "BEANS", "Bean", "1 KG"),
    ("diapers", "Soft", "BABY", "DIAPERS", "DIAPERS", "Soft", "SIZE 2"),
]


def act(
    who: str,
    action: str,
    product: str | None,
    ago: int = 0,
    *,
    term: str | None = None,
    times: int = 1,
    amount: str = "0",
    price: str | None = None,
) -> dict[str, Any]:
    return {
        "occurred_on": TODAY - timedelta(ago),
        "identifier_type": "card",
        "identifier_value": who,
        "action": action,
        "subject": product or term,
        "product_id": product,
        "term": term,
        "times": times,
        "net_amount": Decimal(amount),
        "price": price and Decimal(price),
    }


def profiles(spark: SparkSession, *acts: dict[str, Any], persons: dict[str, str] | None = None) -> list[Row]:
    days = spark.createDataFrame(
        [[each[name] for name in interest_days.TABLE.names] for each in acts], interest_days.TABLE.schema
    )
    whose = persons or {each["identifier_value"]: each["identifier_value"] for each in acts}
    identifiers = spark.createDataFrame(
        [("card", card, person, None) for card, person in whose.items()],
        "identifier_type string, identifier_value string, person_id string, valid_to timestamp",
    )
    products = spark.createDataFrame(
        PRODUCTS,
        "product_id string, title string, department string, category string, product_type string, "
        "brand string, package_size string",
    )
    terms = catalogue_terms.build(products, as_of=TODAY)
    return build(days, identifiers, products, terms, as_of=TODAY, **SETTINGS).collect()


def of(rows: list[Row], kind: str, person: str = "ann") -> dict[str, Row]:
    return {row.value: row for row in rows if (row.person_id, row.kind) == (person, kind)}


def test_the_example_of_the_module(spark: SparkSession) -> None:
    """A view has a half-life of 14 days: 14 days before it weighs 0.05, beside a purchase's 1."""
    rows = profiles(
        spark,
        act("ann", "purchase", "tea", amount="3.50", price="4"),
        act("ann", "view", "coffee", 14),
    )
    found = of(rows, "category")
    assert found["TEA"].affinity == pytest.approx(1 / 1.05)
    assert found["COFFEE"].affinity == pytest.approx(0.05 / 1.05)
    assert (found["TEA"].rank, found["TEA"].purchases, found["TEA"].net_amount) == (1, 1, Decimal("3.50"))
    assert (found["COFFEE"].rank, found["COFFEE"].views, found["COFFEE"].last_purchase_on) == (2, 1, None)
    assert of(rows, "price_band").keys() == {"2-5"}, "coffee's price is not known"
    assert of(rows, "department")["GROCERY"].affinity == 1


def test_affinities_of_a_kind_sum_to_one_and_every_stage_has_its_evidence(spark: SparkSession) -> None:
    rows = profiles(
        spark,
        *(act("ann", "purchase", "diapers", ago) for ago in (1, 13, 25)),
        act("ann", "purchase", "tea", 5),
        act("ann", "view", "tea", 6),
        act("bob", "view", "tea"),
        act("bob", "view", "oolong", 1),
        act("cat", "view", "coffee"),
        act("cat", "search", "coffee", 3, term="coffee"),
        act("dan", "view", "coffee"),
        act("dan", "cart", "coffee"),
    )
    stages = {(row.person_id, row.value): row.stage for row in rows if row.kind == "category"}
    assert stages == {
        ("ann", "DIAPERS"): "replenishing",
        ("ann", "TEA"): "bought",
        ("bob", "TEA"): "seen",  # two goods, a day each
        ("cat", "COFFEE"): "considered",
        ("dan", "COFFEE"): "in_cart",
    }
    assert of(rows, "child_age")["0-2 years"].purchases == 3
    assert of(rows, "size").keys() == {"2"}
    sums: dict[tuple[str, str], float] = {}
    for row in rows:
        assert 0 <= row.affinity <= 1
        sums[row.person_id, row.kind] = sums.get((row.person_id, row.kind), 0) + row.affinity
    assert list(sums.values()) == pytest.approx([1] * len(sums))


def test_words_find_names_of_the_catalogue_and_a_number_its_good(spark: SparkSession) -> None:
    rows = profiles(
        spark,
        act("ann", "view", None, term="tea"),
        act("ann", "search", "leaf", term="leaf"),
        act("ann", "search", "diapers", term="diapers"),
    )
    found = {(row.kind, row.value): (row.views, row.searches) for row in rows}
    assert found[("category", "TEA")] == (1, 0)
    assert found[("brand", "Leaf")] == (0, 1)
    assert found[("brand", "Soft")] == (0, 1), "the good's number"
    assert found[("category", "DIAPERS")] == (0, 2), "its number, and the category's name"


def test_what_is_done_many_times_a_day_counts_once_and_persons_are_one(spark: SparkSession) -> None:
    rows = profiles(
        spark,
        act("card", "view", "tea", times=9),
        act("cookie", "view", "tea", times=2),
        act("card", "view", "coffee"),
        act("other", "view", "nothing in the catalogue"),
        persons={"card": "ann", "cookie": "ann", "other": "bob"},
    )
    assert {value: (row.views, row.affinity) for value, row in of(rows, "category").items()} == {
        "TEA": (1, 0.5),
        "COFFEE": (1, 0.5),
    }
    assert not [row for row in rows if row.person_id == "bob"]


def test_a_return_is_no_act_and_the_future_changes_nothing(spark: SparkSession) -> None:
    known = [act("ann", "purchase", "tea", 3, amount="5.00"), act("ann", "view", "coffee", 2)]
    returned = act("ann", "purchase", "tea", times=0, amount="-5.00")
    ahead = act("ann", "purchase", "diapers", -1)
    rows, more = profiles(spark, *known), profiles(spark, *known, ahead)
    assert sorted(map(str, rows)) == sorted(map(str, more))
    tea = of(profiles(spark, *known, returned), "category")["TEA"]
    assert (tea.net_amount, tea.purchases, tea.last_on) == (Decimal(0), 1, TODAY - timedelta(3))
    assert tea.affinity == of(rows, "category")["TEA"].affinity


def test_days_hold_what_people_did_and_not_what_crawlers_and_machines_did(spark: SparkSession) -> None:
    good = [("tea", Decimal(1), Decimal(4))]
    seen = [
        event("2024-03-30 10:00", kind="product_view", lines=good),
        event("2024-03-30 10:05", kind="product_view", lines=good),
        event("2024-03-30 10:06", kind="category_view", category_id="Baby  Foods"),
        event("2024-03-30 10:07", kind="search", search_text="Tea "),
        event("2024-03-30 10:08", kind="cart", lines=good),
        event("2024-03-30 10:09", kind="purchase", lines=good, order_id="W1"),
        event("2024-03-30 11:00", "k2", kind="product_view", lines=good, is_crawler=True),
        event("2024-03-30 11:00", None, kind="product_view", lines=good),
    ]
    order = "ordered_on date, order_id string, receipt_id string, is_cancelled boolean, "
    order += "status string, fulfilment string"
    line = "anchor_type string, anchor_value string, product_id string, quantity decimal(18, 3), "
    line += "net_amount decimal(18, 2), discount_amount decimal(18, 2)"
    day = date(2024, 3, 30)
    lines = [
        (day, number, "login", "ann", "tea", Decimal(2), Decimal("6.00"), Decimal("2.00"))
        for number in ("W1", "W2", "W3", "W4")
    ]
    sold = [
        ("ann", "sale", "oolong", "3.00"),
        ("ann", "return", "oolong", "-3.00"),
        ("c9", "return", "tea", "-4.00"),
    ]
    clicked = [("clicked", "tea", e, e == "e2") for e in ("e1", "e2")] + [("opened", "tea", "e3", False)]
    found = interest_days.build(
        spark.createDataFrame(
            [
                (day, kind, "card", who, good_, Decimal(1), Decimal(amount), Decimal(0))
                for who, kind, good_, amount in sold
            ],
            f"purchased_on date, kind string, {line}",
        ),
        spark.createDataFrame(
            [
                (day, "W1", None, False, "paid", None),
                (day, "W2", "S1/1", False, "fulfilled", "picked_up"),
                (day, "W3", None, True, "cancelled", None),
                (day, "W4", None, False, "ready", "picked_up"),  # paid when it is fetched
            ],
            order,
        ),
        spark.createDataFrame(lines, f"ordered_on date, order_id string, {line}"),
        events(spark, *seen),
        spark.createDataFrame(
            [(day, e, kind, "card", "ann", good_) for kind, good_, e, _ in clicked],
            "occurred_on date, event_id string, kind string, anchor_type string, anchor_value string, "
            "product_id string",
        ),
        spark.createDataFrame(
            [(day, e, "scanner") for _, _, e, machine in clicked if machine],
            "occurred_on date, event_id string, reason string",
        ),
        as_of=day,
    )
    rows = found.where(F.col("occurred_on") == F.lit(day)).collect()
    got = {
        (r.identifier_value, r.action, r.subject): (r.times, str(r.net_amount), r.price and str(r.price))
        for r in rows
    }
    assert got == {
        ("ann", "purchase", "oolong"): (1, "0.00", "3.00"),
        ("ann", "purchase", "tea"): (1, "6.00", "4.00"),  # of W1 alone: W2 is a till's, W3 was cancelled
        ("c9", "purchase", "tea"): (0, "-4.00", None),
        ("ann", "mail_click", "tea"): (1, "0.00", None),
        ("k1", "view", "tea"): (2, "0.00", "4.00"),
        ("k1", "view", "baby foods"): (1, "0.00", None),
        ("k1", "search", "Tea"): (1, "0.00", None),
        ("k1", "cart", "tea"): (1, "0.00", "4.00"),
    }
