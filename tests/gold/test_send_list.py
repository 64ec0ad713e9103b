"""A shop small enough to work out the mails by hand, and the laws on a larger random one."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from pipelines.gold.send_list import TABLE, build
from pipelines.gold.send_list_blocks import BLOCKS

pytestmark = pytest.mark.spark

TODAY = date(2024, 3, 10)
SCHEMAS = {
    "receipts": "purchased_on date, kind string, anchor_type string, anchor_value string",
    "person_identifiers": "identifier_type string, identifier_value string, person_id string, "
    "valid_to timestamp",
    "products": "product_id string, title string, department string, category string, product_type string, "
    "brand string, package_size string",
    "product_days": "purchased_on date, identifier_type string, identifier_value string, product_id string, "
    "lines int",
    "replenishment": "person_id string, product_id string, purchase_days int, interval_days int, "
    "last_purchase_on date, next_due_on date, reason string",
    "recommendations": "person_id string, rank int, product_id string, score double, reason string, "
    "model_version string",
    "interest_profiles": "person_id string, kind string, value string, affinity double, rank int",
}
Shop = dict[str, list[tuple[object, ...]]]


def day(offset: int) -> date:
    return TODAY + timedelta(offset)


def sale(card: str | None, offset: int = 0, kind: str = "sale") -> tuple[object, ...]:
    return (day(offset), kind, card and "card", card)


def good(
    product: str, category: str = "TEA", *, title: str | None = "", department: str | None = "FOOD"
) -> tuple[object, ...]:
    return (product, product.title() if title == "" else title, department, category, None, None, None)


def bought(card: str, product: str, offset: int = -5) -> tuple[object, ...]:
    return (day(offset), "card", card, product, 1)


def habit(person: str, product: str, due: int, *, days: int = 3, interval: int = 10) -> tuple[object, ...]:
    return (person, product, days, interval, day(due - interval), day(due), "Habit.")


def liked(person: str, rank: int, product: str) -> tuple[object, ...]:
    return (person, rank, product, 1 / rank, "Model.", "als/1")


def mails(
    spark: SparkSession, shop: Shop, *, slots: int = 2, spread: Callable[[DataFrame], DataFrame] = lambda f: f
) -> DataFrame:
    frames = {name: spread(spark.createDataFrame(shop.get(name, []), ddl)) for name, ddl in SCHEMAS.items()}
    return build(
        **frames, as_of=TODAY, slots_per_block=slots, due_within_days=7, never_offered=("FUEL", "COUPON")
    )


def goods_of(rows: Iterable[Row], person: str, block: str) -> list[str]:
    slots = sorted(
        (row for row in rows if (row.person_id, row.block) == (person, block)), key=lambda r: r.slot
    )
    assert [row.slot for row in slots] == list(range(1, len(slots) + 1))
    return [row.product_id for row in slots]


# Ann (two cards) and Dan shopped today. Bob brought something back, Cat came yesterday, Eve is new.
SHOP: Shop = {
    "receipts": [
        *(sale(card) for card in ("a1", "a2", "d", "e", None)),
        sale("b", kind="return"),
        sale("c", -1),
    ],
    "person_identifiers": [
        ("card", card, person, None)
        for card, person in [
            ("a1", "ann"),
            ("a2", "ann"),
            ("b", "bob"),
            ("c", "cat"),
            ("d", "dan"),
            ("e", "eve"),
        ]
    ],
    "products": [
        *map(good, ["milk", "eggs", "salt", "soap", "rice"]),
        *(good(f"tea{n}", "TEA") for n in (1, 2, 3)),
        *(good(f"nut{n}", "NUTS") for n in (1, 2)),
        good("petrol", "TEA", department="FUEL"),
        good("loose", "TEA", title="Tea1", department=None),
        ("plain", None, "FOOD", "TEA", "FRZN MEAT/MEAT (COLD)", "Acme", "16 OZ"),
        ("nameless", None, "FOOD", None, None, "Acme", "16 OZ"),
    ],
    "product_days": [
        bought("a1", "tea1"),
        *(bought(card, "tea2") for card in ("a1", "a2", "b", "c")),  # three buyers, Ann among them
        *(bought(card, "tea3") for card in ("b", "c")),
        *(bought(card, "nut1") for card in ("b", "c", "d")),
        bought("b", "nut2"),
        bought("c", "petrol"),
        bought("b", "nut2", offset=-40),  # too long ago to count as selling well
        *(bought(card, "tea1", offset=1) for card in ("b", "c", "d")),  # tomorrow is not known yet
    ],
    "replenishment": [
        habit("ann", "milk", 3, days=4),
        habit("ann", "eggs", 3, days=9),
        habit("ann", "salt", 5),
        habit("bob", "milk", 1),
        habit("dan", "rice", 8),  # not due soon enough
    ],
    "recommendations": [
        liked("ann", 1, "milk"),  # replenished already
        liked("ann", 2, "gone"),  # not in the catalogue
        liked("ann", 3, "petrol"),
        liked("ann", 4, "nameless"),
        liked("ann", 5, "soap"),
        liked("ann", 6, "salt"),  # due, but its block was full
        liked("ann", 7, "rice"),
        liked("cat", 1, "soap"),
        liked("dan", 1, "tea1"),
        liked("dan", 2, "loose"),  # reads the same as tea1
        liked("dan", 3, "plain"),
    ],
    "interest_profiles": [
        ("ann", "category", "FUEL", 0.1, 3),
        ("ann", "category", "TEA", 0.6, 1),
        ("ann", "category", "NUTS", 0.3, 2),
        ("ann", "brand", "TEA", 1.0, 1),
        ("dan", "category", "NUTS", 1.0, 1),
    ],
}


@pytest.fixture(scope="module")
def rows(spark: SparkSession) -> list[Row]:
    return mails(spark, SHOP).collect()


def test_everyone_with_an_identified_sale_today_and_a_candidate_gets_one_mail(rows: list[Row]) -> None:
    assert {row.person_id for row in rows} == {"ann", "dan"}
    assert {(row.as_of, row.campaign) for row in rows} == {(TODAY, "receipt_mail/2024-03-10")}


def test_the_habits_nearest_to_their_due_date_come_first_then_by_purchase_days(rows: list[Row]) -> None:
    assert goods_of(rows, "ann", "replenishment") == ["eggs", "milk"]
    assert goods_of(rows, "dan", "replenishment") == []
    eggs = next(row for row in rows if row.product_id == "eggs")
    assert (eggs.score, eggs.reason, eggs.model_version) == (-3.0, "Habit.", "replenishment/1")


def test_what_is_taken_unknown_or_never_offered_is_made_up_for_by_the_next(rows: list[Row]) -> None:
    assert goods_of(rows, "ann", "personal") == ["soap", "salt"]


def test_goods_that_read_the_same_stand_once(rows: list[Row]) -> None:
    assert goods_of(rows, "dan", "personal") == ["tea1", "plain"]


def test_interests_alternate_between_categories_and_offer_only_what_is_new(rows: list[Row]) -> None:
    assert goods_of(rows, "ann", "interests") == ["tea3", "nut1"]
    assert goods_of(rows, "dan", "interests") == ["nut2"]


def test_the_score_of_an_interest_is_affinity_times_the_share_of_buyers(rows: list[Row]) -> None:
    tea = next(row for row in rows if row.product_id == "tea3")
    assert tea.score == 0.6 * (2 / 3)  # Bob and Cat, of Ann, Bob and Cat
    assert tea.reason == "Sells well in Tea, one of your favourite categories."


def test_a_good_without_a_title_is_described(rows: list[Row]) -> None:
    plain = next(row for row in rows if row.product_id == "plain")
    assert plain.title == "Frzn Meat / Meat (Cold), Acme brand, 16 oz"


def test_a_habit_is_offered_from_a_week_before_to_one_interval_after_it_was_due(spark: SparkSession) -> None:
    due = {"in8": 8, "in7": 7, "today": 0, "late10": -10, "late11": -11}
    shop: Shop = {
        "receipts": [sale("a1")],
        "person_identifiers": [("card", "a1", "ann", None)],
        "products": [good(name) for name in (*due, "bought_today")],
        "replenishment": [
            *(habit("ann", name, offset) for name, offset in due.items()),
            habit("ann", "bought_today", 5, interval=5),
        ],
    }
    rows = mails(spark, shop, slots=20).collect()
    assert goods_of(rows, "ann", "replenishment") == ["today", "in7", "late10"]


def test_the_frame_has_the_columns_of_the_contract(spark: SparkSession) -> None:
    frame = mails(spark, {})
    assert [(f.name, f.dataType) for f in frame.schema] == [(c.name, c.type) for c in TABLE.columns]


PEOPLE = [f"p{n:02}" for n in range(30)]


def random_shop() -> Shop:
    dice = random.Random(7)
    goods = [f"g{n:02}" for n in range(60)]
    shop: Shop = {
        "receipts": [sale(person) for person in PEOPLE for _ in range(dice.randint(1, 2))],
        "person_identifiers": [("card", person, person, None) for person in PEOPLE],
        "products": [good(name, f"C{n % 6}", title=f"Good {n % 45}") for n, name in enumerate(goods)],
        "product_days": [
            bought(person, name, -dice.randint(0, 40)) for person in PEOPLE for name in dice.sample(goods, 8)
        ],
        "interest_profiles": [
            (person, "category", f"C{category}", 0.5 / rank, rank)
            for person in PEOPLE
            for rank, category in enumerate(dice.sample(range(6), 3), start=1)
        ],
    }
    shop["replenishment"] = [
        habit(person, name, dice.randint(-12, 9)) for person in PEOPLE for name in dice.sample(goods, 6)
    ]
    shop["recommendations"] = [
        liked(person, rank, name)
        for person in PEOPLE[:-3]
        for rank, name in enumerate(dice.sample(goods, 12), start=1)
    ]
    return shop


def test_laws_of_every_mail(spark: SparkSession) -> None:
    shop = random_shop()
    rows = mails(spark, shop, slots=3).collect()
    assert {row.person_id for row in rows} == set(PEOPLE)
    by_person = defaultdict(list)
    for row in rows:
        by_person[row.person_id].append(row)
        assert row.block in BLOCKS
    for person, mail in by_person.items():
        assert len({row.product_id for row in mail}) == len(mail) == len({row.title for row in mail})
        assert all(len(goods_of(mail, person, block)) <= 3 for block in BLOCKS)
        known = {row[3] for row in shop["product_days"] if row[2] == person}
        assert not known & set(goods_of(mail, person, "interests"))
    assert all(len(goods_of(by_person[p], p, "personal")) == 3 for p in PEOPLE[:-3])

    shop["receipts"] += [sale(person, 1) for person in PEOPLE]
    shop["product_days"] += [bought(person, f"g{n:02}", 1) for person in PEOPLE for n in range(60)]
    later = mails(spark, shop, slots=3, spread=lambda frame: frame.repartition(5, F.rand(1))).collect()
    assert sorted(later) == sorted(rows)
