"""A shop small enough to work out the messages by hand, and the laws on a larger random one."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from pipelines.calc.triggers.definitions import Trigger
from pipelines.calc.triggers.kinds import OnForecast
from pipelines.gold import interest_profiles
from pipelines.gold.send_list_blocks import BLOCKS
from pipelines.gold.trigger_kinds import has_its_day
from pipelines.gold.trigger_messages import messages
from pipelines.silver.person_identifiers import current
from tests.gold.decision_case import trigger

pytestmark = pytest.mark.spark

TODAY = date(2024, 3, 10)
SCHEMAS = {
    "openings": "candidate_id string, trigger string, person_id string, products array<string>, stores array<string>, "
    "degrees double",
    "person_identifiers": "identifier_type string, identifier_value string, person_id string, "
    "valid_to timestamp",
    "products": "product_id string, title string, department string, category string, product_type string, "
    "brand string, package_size string, suits_from_degrees decimal(6, 3), suits_to_degrees decimal(6, 3)",
    "product_days": "purchased_on date, identifier_type string, identifier_value string, product_id string, "
    "lines int",
    "recommendations": "as_of date, person_id string, model string, rank int, product_id string, score double, "
    "reason string, model_version string, propensity double",
    "interest_profiles": "person_id string, kind string, value string, affinity double, rank int",
    "stock": "product_id string, store_id string, valid_on date, quantity decimal(18, 3)",
}
Shop = dict[str, list[tuple[object, ...]]]


def day(offset: int) -> date:
    return TODAY + timedelta(offset)


MAIL = trigger("receipt_mail", 50, blocks=BLOCKS)
CART = trigger("cart", 40, blocks=("subject", "personal"), reason="In your cart.", goods=("drop",))


def opening(
    person: str,
    *stores: str,
    of: str = "receipt_mail",
    about: tuple[str, ...] = (),
    degrees: float | None = None,
) -> tuple[object, ...]:
    return (f"{of}/{person}", of, person, list(about) or None, list(stores) or None, degrees)


def good(
    product: str,
    category: str = "TEA",
    *,
    title: str | None = "",
    department: str | None = "FOOD",
    suits: tuple[int | None, int | None] = (None, None),
) -> tuple[object, ...]:
    degrees = (None if each is None else Decimal(each) for each in suits)
    return (
        product,
        product.title() if title == "" else title,
        department,
        category,
        None,
        None,
        None,
        *degrees,
    )


def bought(card: str, product: str, offset: int = -5) -> tuple[object, ...]:
    return (day(offset), "card", card, product, 1)


def habit(person: str, rank: int, product: str) -> tuple[object, ...]:
    return (TODAY, person, "replenishment", rank, product, 1 / rank, "Habit.", "replenishment/1", None)


def liked(person: str, rank: int, product: str) -> tuple[object, ...]:
    return (TODAY, person, "als", rank, product, 1 / rank, "Model.", "als/1", None)


def mails(
    spark: SparkSession,
    shop: Shop,
    *,
    slots: int = 2,
    spread: Callable[[DataFrame], DataFrame] = lambda f: f,
    triggers: Sequence[Trigger] = (MAIL, CART),
) -> DataFrame:
    frames = {name: spread(spark.createDataFrame(shop.get(name, []), ddl)) for name, ddl in SCHEMAS.items()}
    found = messages(
        **{name: frame for name, frame in frames.items() if name != "person_identifiers"},
        persons=current(frames["person_identifiers"]),
        as_of=TODAY,
        triggers=triggers,
        slots_per_block=slots,
        never_offered=("FUEL", "COUPON"),
    )
    of = frames["openings"].select("candidate_id", "trigger", "person_id")
    items = found.select("candidate_id", "sold_out", F.explode("items").alias("item"))
    return items.join(of, on="candidate_id", how="inner").select(
        "candidate_id", "trigger", "person_id", "sold_out", "item.*"
    )


def goods_of(rows: Iterable[Row], person: str, block: str) -> list[str]:
    slots = sorted(
        (row for row in rows if (row.person_id, row.block) == (person, block)), key=lambda r: r.slot
    )
    assert [row.slot for row in slots] == list(range(1, len(slots) + 1))
    return [row.product_id for row in slots]


# Ann (two cards), Dan and Eve, who is new, shopped today; Bob and Cat did not.
SHOP: Shop = {
    "openings": [opening(person) for person in ("ann", "dan", "eve")],
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
        ("plain", None, "FOOD", "TEA", "FRZN MEAT/MEAT (COLD)", "Acme", "16 OZ", None, None),
        ("nameless", None, "FOOD", None, None, "Acme", "16 OZ", None, None),
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
    "recommendations": [
        habit("ann", 1, "eggs"),
        habit("ann", 2, "milk"),
        habit("ann", 3, "salt"),
        habit("bob", 1, "milk"),
        liked("ann", 1, "milk"),  # replenished already
        (day(-1), *liked("ann", 1, "tea3")[1:]),  # of yesterday
        (TODAY, "ann", "chains", *liked("ann", 1, "tea3")[3:]),  # of a model without a block
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


def test_every_opening_gets_a_message_unless_there_is_nothing_for_it(rows: list[Row]) -> None:
    assert {(row.person_id, row.candidate_id) for row in rows} == {
        ("ann", "receipt_mail/ann"),
        ("dan", "receipt_mail/dan"),
    }


def test_habits_that_are_due_fill_their_block(rows: list[Row]) -> None:
    assert goods_of(rows, "ann", "replenishment") == ["eggs", "milk"]
    assert goods_of(rows, "dan", "replenishment") == ["tea2", "tea3"], (
        "the best sellers that he has not bought"
    )
    eggs = next(row for row in rows if row.product_id == "eggs")
    assert (eggs.score, eggs.reason, eggs.model_version) == (1.0, "Habit.", "replenishment/1")


def test_what_is_taken_unknown_or_never_offered_is_made_up_for_by_the_next(rows: list[Row]) -> None:
    assert goods_of(rows, "ann", "personal") == ["soap", "salt"]


def test_blocks_take_from_their_own_source_first_and_then_from_their_fallbacks(rows: list[Row]) -> None:
    """Ann's salt is due, but the personal block has it by then; what is left of ALS goes with her receipt."""
    assert goods_of(rows, "ann", "next_purchase") == []
    assert goods_of(rows, "ann", "related") == ["rice", "nut2"]
    sources = {row.product_id: row.model_version for row in rows if row.person_id == "ann"}
    assert (sources["rice"], sources["nut2"]) == (
        "als/1",
        f"interests/{interest_profiles.TABLE.version}",
    )


def test_each_model_fills_its_own_block(spark: SparkSession) -> None:
    shop: Shop = {
        "openings": [opening("ann")],
        "person_identifiers": [("card", "a1", "ann", None)],
        "products": [*map(good, ("milk", "soap", "rice", "bread", "cake"))],
        "recommendations": [
            habit("ann", 1, "milk"),
            *(
                (TODAY, "ann", model, 1, product, 1.0, "Why.", f"{model}/1", lot)
                for model, product, lot in [
                    ("next_purchase", "soap", None),
                    ("related", "rice", None),
                    ("als", "bread", None),
                    ("new_arrivals", "cake", 0.02),
                ]
            ),
        ],
    }
    rows = mails(spark, shop, slots=1).collect()
    assert [(row.block, row.product_id) for row in sorted(rows, key=lambda row: BLOCKS.index(row.block))] == [
        ("replenishment", "milk"),
        ("next_purchase", "soap"),
        ("related", "rice"),
        ("personal", "bread"),
        ("new_arrivals", "cake"),
    ]
    assert {row.product_id: row.propensity for row in rows if row.propensity is not None} == {"cake": 0.02}


def test_what_a_model_foresees_says_why_where_the_trigger_does_not(spark: SparkSession) -> None:
    """Of three goods of the forecast one is no more the model's."""
    foreseen = OnForecast(kind="forecast", model="chains")
    silent = trigger("next", 60, blocks=("subject",), when=foreseen)
    telling = trigger("told", 61, blocks=("subject",), when=foreseen, reason="Look.")
    about = ("spoon", "cup", "plate")
    shop: Shop = {
        "openings": [opening("ann", of="next", about=about), opening("ann", of="told", about=about)],
        "products": [*map(good, about)],
        "recommendations": [
            (TODAY, "ann", "chains", 1, "spoon", 0.4, "After that, this.", "chains/3", None),
            (TODAY, "ann", "chains", 2, "cup", 0.3, "After this, that.", "chains/3", None),
            (TODAY, "ann", "als", 1, "plate", 0.3, "Model.", "als/1", None),
        ],
    }
    rows = mails(spark, shop, slots=3, triggers=(silent, telling)).collect()
    said = {(row.trigger, row.product_id): (row.slot, row.reason, row.model_version) for row in rows}
    assert said == {
        ("next", "spoon"): (1, "After that, this.", "chains/3"),
        ("next", "cup"): (2, "After this, that.", "chains/3"),
        ("next", "plate"): (3, "It goes with this message.", "trigger/next"),
        ("told", "spoon"): (1, "Look.", "chains/3"),
        ("told", "cup"): (2, "Look.", "chains/3"),
        ("told", "plate"): (3, "Look.", "trigger/told"),
    }


def test_a_good_that_is_in_none_of_the_day_s_shops_stands_in_no_mail(spark: SparkSession) -> None:
    shop: Shop = {
        "openings": [opening("ann", "S1", "S2")],
        "person_identifiers": [("card", "a1", "ann", None)],
        "products": [*map(good, ("milk", "soap", "rice", "bread", "cake"))],
        "recommendations": [
            liked("ann", n, p) for n, p in enumerate(("milk", "soap", "rice", "bread", "cake"), 1)
        ],
        "stock": [
            ("milk", "S2", day(-3), Decimal(4)),
            ("soap", "S3", day(-3), Decimal(4)),  # elsewhere only
            ("rice", "S1", day(-3), Decimal(4)),
            ("rice", "S1", day(-1), Decimal(0)),  # sold out since
            ("bread", "S1", day(-9), Decimal(0)),
            ("bread", "S1", day(0), Decimal(1)),
            ("bread", "S1", day(1), Decimal(0)),  # not known yet
        ],
    }
    rows = mails(spark, shop, slots=9).collect()
    assert goods_of(rows, "ann", "personal") == ["milk", "bread", "cake"]
    assert {row.sold_out for row in rows} == {2}


def test_goods_are_recommended_for_the_weather_to_expect_and_none_is_left_out_of_its_own_message(
    spark: SparkSession,
) -> None:
    """Ice is for 20 degrees and more, grit for 2 and less, tea for any day; where nothing is expected all stand."""
    shop: Shop = {
        "openings": [
            opening("ann", degrees=1.0),
            opening("ann", of="cart", about=("ice",), degrees=1.0),
            opening("dan", degrees=20.0),
            opening("eve"),
        ],
        "products": [good("ice", suits=(20, None)), good("grit", suits=(None, 2)), good("tea")],
        "recommendations": [
            liked(person, rank, product)
            for person in ("ann", "dan", "eve")
            for rank, product in enumerate(("ice", "grit", "tea"), 1)
        ],
    }
    found: dict[str, set[str]] = defaultdict(set)
    for row in mails(spark, shop, slots=3).collect():
        found[row.candidate_id].add(row.product_id)
    assert found == {
        "receipt_mail/ann": {"grit", "tea"},
        "cart/ann": {"ice", "grit", "tea"},
        "receipt_mail/dan": {"ice", "tea"},
        "receipt_mail/eve": {"ice", "grit", "tea"},
    }


def test_a_recipe_takes_its_own_blocks_in_its_order_and_begins_with_what_it_is_about(
    spark: SparkSession,
) -> None:
    """The good that is reserved for carts stands in no other message, though ALS would have it."""
    shop: Shop = {
        "openings": [opening("ann", of="cart", about=("milk", "drop", "milk2")), opening("ann")],
        "person_identifiers": [("card", "a1", "ann", None)],
        "products": [*map(good, ("milk", "drop", "soap")), good("milk2", title="Milk")],
        "recommendations": [
            habit("ann", 1, "soap"),
            *(liked("ann", n, p) for n, p in enumerate(("drop", "milk", "soap"), 1)),
        ],
    }
    rows = sorted(mails(spark, shop).collect(), key=lambda row: (row.trigger, row.block_no, row.slot))
    assert [(row.trigger, row.block_no, row.block, row.product_id) for row in rows] == [
        ("cart", 1, "subject", "milk"),
        ("cart", 1, "subject", "drop"),
        ("cart", 2, "personal", "soap"),
        ("receipt_mail", 1, "replenishment", "soap"),
        ("receipt_mail", 4, "personal", "milk"),
    ]
    assert (rows[0].reason, rows[0].model_version, rows[1].score) == ("In your cart.", "trigger/cart", -1.0)


def test_goods_that_read_the_same_stand_once(rows: list[Row]) -> None:
    assert goods_of(rows, "dan", "personal") == ["tea1", "plain"]


def test_interests_alternate_between_categories_and_offer_only_what_is_new(rows: list[Row]) -> None:
    assert goods_of(rows, "ann", "new_arrivals") + goods_of(rows, "ann", "related")[1:] == [
        "tea3",
        "nut1",
        "nut2",
    ]
    assert goods_of(rows, "dan", "new_arrivals") == ["nut2"]


def test_the_score_of_an_interest_is_affinity_times_the_share_of_buyers(rows: list[Row]) -> None:
    tea = next(row for row in rows if (row.person_id, row.product_id) == ("ann", "tea3"))
    assert tea.score == 0.6 * (2 / 3)  # Bob and Cat, of Ann, Bob and Cat
    assert tea.reason == "Sells well in Tea, one of your favourite categories."


def test_a_good_without_a_title_is_described(rows: list[Row]) -> None:
    plain = next(row for row in rows if row.product_id == "plain")
    assert plain.title == "Frzn Meat / Meat (Cold), Acme brand, 16 oz"


PEOPLE = [f"p{n:02}" for n in range(30)]


def random_shop() -> Shop:
    dice = random.Random(7)
    goods = [f"g{n:02}" for n in range(60)]
    shop: Shop = {
        "openings": [opening(person) for person in PEOPLE],
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
    shop["recommendations"] = [
        made(person, rank, name)
        for made, people, many in ((habit, PEOPLE, 4), (liked, PEOPLE[:-3], 12))
        for person in people
        for rank, name in enumerate(dice.sample(goods, many), start=1)
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
        assert not known & {row.product_id for row in mail if row.model_version.startswith("interests/")}
    assert all(len(goods_of(by_person[p], p, "personal")) == 3 for p in PEOPLE[:-3])

    shop["product_days"] += [bought(person, f"g{n:02}", 1) for person in PEOPLE for n in range(60)]
    later = mails(spark, shop, slots=3, spread=lambda frame: frame.repartition(5, F.rand(1))).collect()
    assert sorted(later) == sorted(rows)


def test_the_example_of_a_limited_drop_keeps_its_goods_to_itself(spark: SparkSession) -> None:
    """Ann would be recommended the drop's goods by every source; they are in its own message, and in no other."""
    text = Path("docs/examples/limited_drop.yaml").read_text(encoding="utf-8")
    (drop,) = (Trigger(**told) for told in yaml.safe_load(text))
    assert (len(drop.channels), drop.cap.messages) == (1, 1)
    days = [day(offset) for offset in range(14) if has_its_day(drop.when, day(offset))]
    assert [each.isoweekday() for each in days] == [4, 4], "it recurs, on every Thursday"
    assert drop.expires_hours < 24, "and is over before the next day's run"
    first, second = drop.goods
    shop: Shop = {
        "openings": [opening("ann", about=(first,)), opening("ann", of=drop.name, about=drop.goods)],
        "products": [*map(good, drop.goods), good("tea1")],
        "recommendations": [
            habit("ann", 1, first),
            *(liked("ann", rank, name) for rank, name in enumerate((first, second, "tea1"), 1)),
        ],
    }
    rows = mails(spark, shop, triggers=(MAIL, drop)).collect()
    found = defaultdict(set)
    for row in rows:
        found[row.trigger].add(row.product_id)
    assert found == {drop.name: {first, second}, MAIL.name: {"tea1"}}


def test_best_sellers_fill_up_what_others_began_and_make_no_message_of_their_own(spark: SparkSession) -> None:
    """Bob and Dan bought ten kinds of tea, one of them both; Ann is recommended one that nobody bought, Eve nothing."""
    teas = [f"tea{n:02}" for n in range(10)]
    shop: Shop = {
        "openings": [opening("ann"), opening("eve")],
        "person_identifiers": [("card", name, name, None) for name in ("ann", "bob", "dan", "eve")],
        "products": [*map(good, (*teas, "soap"))],
        "product_days": [
            *(bought("bob", tea) for tea in teas),
            bought("dan", "tea07"),
            bought("ann", "tea00"),
        ],
        "recommendations": [liked("ann", 1, "soap")],
    }
    rows = mails(spark, shop).collect()
    assert {row.person_id for row in rows} == {"ann"}
    assert goods_of(rows, "ann", "personal")[0] == "soap"
    assert goods_of(rows, "ann", "replenishment") == ["tea07", "tea01"], "the one with most buyers first"
    assert len(rows) == 10, "every slot of five blocks of two is filled"
    assert "tea00" not in {row.product_id for row in rows}
    assert {row.reason for row in rows} == {"Model.", "Sells well in our shops."}


def test_interests_fill_every_block_where_there_is_no_habit_and_no_model(spark: SparkSession) -> None:
    """Ann likes tea, of which Bob bought as many kinds as five blocks of two have slots."""
    teas = [f"tea{n:02}" for n in range(10)]
    shop: Shop = {
        "openings": [opening("ann")],
        "person_identifiers": [("card", "a", "ann", None), ("card", "b", "bob", None)],
        "products": [good(tea) for tea in teas],
        "product_days": [bought("b", tea) for tea in teas],
        "interest_profiles": [("ann", "category", "TEA", 1.0, 1)],
    }
    found = mails(spark, shop).groupBy("block").count().collect()
    assert dict(map(tuple, found)) == dict.fromkeys(BLOCKS, 2)
