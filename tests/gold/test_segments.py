"""Segments of five people by hand: who is in, since when, what they share, and what is odd."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipelines.calc.segments.definitions import Segment
from pipelines.gold import customer_360, segment_members, segments
from tests.frames import as_read

pytestmark = pytest.mark.spark

DAYS = (date(2024, 3, 1), date(2024, 3, 2), date(2024, 3, 3))
WEATHER = "region string, day date, kind string, known_on date, temperature decimal(5, 1)"
PROFILES = "person_id string, kind string, value string, affinity double, stage string, last_on date"
Person = dict[str, Any]


def segment(name: str, where: str) -> Segment:
    return Segment(name=name, says="Some people", where=where)


DEFINED = (
    segment("tea", "interest('TEA') > .3 and last_seen_days < 30"),
    segment("brand", "interest('brand', 'Leaf') >= .5 or stage('COFFEE') = 'in_cart'"),
    segment("unseen", "last_seen_days is null"),
    segment("rich", "points_available >= 10"),
    segment("frost", "temperature < 0 and region = 'North'"),
    segment("mild", "coldest_temperature >= -2"),
    segment("lately", "recency_days between 0 and 1 and days_since(first_purchase_on) > 5"),
    segment("all", "receipts >= 0"),
    segment("nobody", "not receipts >= 0"),
    segment("typo", "interest('TAE') > 0"),
)


def people(spark: SparkSession, as_of: date, *rows: Person) -> DataFrame:
    usual = {
        "as_of": as_of,
        "first_purchase_on": date(2024, 2, 1),
        "last_offline_touch_on": date(2024, 1, 31),
        "receipts": 1,
        "recency_days": 9,
        "region": "North",
        "points_available": 0,
    }
    names = customer_360.TABLE.names
    return spark.createDataFrame(
        [[{**usual, **row}.get(name) for name in names] for row in rows], as_read(customer_360.TABLE)
    )


def members(
    spark: SparkSession, as_of: date, everybody: DataFrame, standing: DataFrame | None = None
) -> DataFrame:
    profiles = [
        ("ann", "category", "TEA", 0.4, "bought", date(2024, 2, 1)),
        ("ann", "brand", "Leaf", 0.5, "bought", date(2024, 2, 1)),
        ("bob", "category", "TEA", 0.3, "bought", date(2024, 2, 28)),
        ("bob", "category", "COFFEE", 0.7, "in_cart", date(2024, 2, 28)),
        ("cat", "product_type", "TEA", 0.9, "seen", date(2024, 2, 28)),
    ]
    weather = [
        ("North", DAYS[0], "measured", DAYS[0], Decimal("-1.5")),
        ("North", DAYS[1], "forecast", DAYS[0], Decimal("3.0")),
        ("South", DAYS[0], "measured", DAYS[0], Decimal("-2.0")),
        ("South", date(2023, 3, 1), "measured", date(2023, 3, 1), Decimal("-9.0")),
        ("North", date(2024, 1, 9), "measured", date(2024, 1, 9), Decimal("-8.0")),
    ]
    return segment_members.build(
        everybody,
        spark.createDataFrame(profiles, PROFILES),
        spark.createDataFrame(weather, WEATHER),
        as_of=as_of,
        defined=DEFINED,
        standing=standing,
    )


def inside(rows: DataFrame) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in rows.where("left_on is null").collect():
        found.setdefault(row.segment, set()).add(row.person_id)
    return found


def test_each_condition_selects_whom_it_describes_in_one_pass(spark: SparkSession) -> None:
    rows = people(
        spark,
        DAYS[0],
        {"person_id": "ann", "last_online_touch_on": date(2024, 2, 1)},
        {"person_id": "bob", "recency_days": 1, "last_offline_touch_on": DAYS[0]},
        {
            "person_id": "cat",
            "last_offline_touch_on": None,
            "region": "South",
            "recency_days": 0,
            "first_purchase_on": DAYS[0],
        },
    )
    yesterday = people(spark, date(2024, 2, 29), {"person_id": "old"})
    assert inside(members(spark, DAYS[0], rows.unionByName(yesterday))) == {
        "tea": {"ann"},
        "brand": {"ann", "bob"},
        "frost": {"ann", "bob"},
        "mild": {"cat"},
        "unseen": {"cat"},
        "lately": {"bob"},
        "all": {"ann", "bob", "cat"},
    }


def test_spells_begin_go_on_end_and_begin_again(spark: SparkSession) -> None:
    ann, bob = {"person_id": "ann"}, {"person_id": "bob"}
    first = members(spark, DAYS[0], people(spark, DAYS[0], ann, bob))
    thawed = {**bob, "points_available": 10}
    second = members(spark, DAYS[1], people(spark, DAYS[1], thawed), first)
    again = members(spark, DAYS[1], people(spark, DAYS[1], thawed), second)

    def spells(rows: DataFrame, name: str) -> list[tuple[Any, ...]]:
        found = (tuple(row) for row in rows.where(f"segment = '{name}'").collect())
        return sorted(row[1:] for row in found)

    assert spells(second, "all") == [("ann", DAYS[0], DAYS[1]), ("bob", DAYS[0], None)]
    assert spells(second, "rich") == [("bob", DAYS[1], None)], "the points are thawed"
    assert sorted(map(str, again.collect())) == sorted(map(str, second.collect())), "a rerun is the run"
    changed = members(spark, DAYS[1], people(spark, DAYS[1], ann, bob), second)
    assert spells(changed, "all") == [("ann", DAYS[0], None), ("bob", DAYS[0], None)]
    third = members(spark, DAYS[2], people(spark, DAYS[2], ann, bob), second)
    assert spells(third, "all") == [("ann", DAYS[2], None), ("bob", DAYS[0], None)]


def test_sizes_overlaps_and_what_is_odd(spark: SparkSession) -> None:
    rows = people(spark, DAYS[0], {"person_id": "ann"}, {"person_id": "bob"}, {"person_id": "cat"})
    terms = spark.createDataFrame(
        [("tea", "category", "TEA"), ("coffee", "category", "COFFEE"), ("leaf", "brand", "Leaf")],
        "term string, kind string, value string",
    )
    found = segments.build(rows, members(spark, DAYS[0], rows), terms, as_of=DAYS[0], defined=DEFINED)
    by_name = {row.segment: row for row in found.collect()}
    assert by_name.keys() == {each.name for each in DEFINED}
    assert {name: row.members for name, row in by_name.items()} == {
        "tea": 0,
        "brand": 2,
        "unseen": 0,
        "rich": 0,
        "frost": 3,
        "mild": 0,
        "lately": 0,
        "all": 3,
        "nobody": 0,
        "typo": 0,
    }
    assert by_name["brand"].share == pytest.approx(2 / 3)
    assert [tuple(each) for each in by_name["brand"].overlaps] == [("all", 2), ("frost", 2)]
    assert by_name["all"].warning == "It selects everybody."
    assert by_name["nobody"].warning == "It selects nobody."
    assert by_name["typo"].warning == "The catalogue has no category 'TAE'; the nearest is 'TEA'."
    assert by_name["brand"].warning is None
