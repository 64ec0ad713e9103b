from __future__ import annotations

from datetime import date, timedelta

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipelines.models.als.features import interactions, item_index, offered, person_index
from tests.models.als.shop import bought, days_frame, persons_frame, products_frame

pytestmark = pytest.mark.spark

DAY = date(2024, 3, 31)
EARLIER = DAY - timedelta(days=90)
CARDS = {"1": "ann", "2": "ann", "3": "bob"}
GOODS: dict[str, str | None] = {"milk": "DAIRY", "petrol": "FUEL", "odd": None}


def learned_from(
    spark: SparkSession, rows: list[tuple[object, ...]], *, min_item_buyers: int = 1
) -> DataFrame:
    return interactions(
        days_frame(spark, rows),
        persons_frame(spark, CARDS),
        products_frame(spark, GOODS),
        as_of=DAY,
        half_life_days=90,
        min_item_buyers=min_item_buyers,
        never_offered=["FUEL"],
    )


def strength_of(frame: DataFrame) -> dict[tuple[str, str], float]:
    return {(row.person_id, row.product_id): row.strength for row in frame.collect()}


def test_strength_halves_with_every_half_life_and_counts_a_day_once(spark: SparkSession) -> None:
    rows = [
        bought("1", "milk", DAY),
        bought("2", "milk", DAY, lines=3),  # the same person's other card, on the same day
        bought("1", "milk", EARLIER),
        bought("3", "milk", EARLIER, lines=0),  # a return only
        bought("3", "odd", EARLIER),
        bought("3", "petrol", DAY),  # never offered
        bought("3", "unknown", DAY),  # not in the catalogue
        bought("3", "milk", DAY + timedelta(days=1)),  # the future
    ]
    assert strength_of(learned_from(spark, rows)) == {("ann", "milk"): 1.5, ("bob", "odd"): 0.5}


def test_a_planted_future_row_changes_nothing(spark: SparkSession) -> None:
    rows = [bought("1", "milk", EARLIER), bought("3", "milk", DAY), bought("3", "odd", DAY)]
    future = [bought("1", "odd", DAY + timedelta(days=1)), bought("3", "milk", DAY + timedelta(days=300))]
    before, after = learned_from(spark, rows), learned_from(spark, rows + future)
    assert sorted(before.collect()) == sorted(after.collect())


def test_goods_of_few_buyers_are_left_out(spark: SparkSession) -> None:
    rows = [
        bought("1", "milk", DAY),
        bought("2", "odd", DAY),
        bought("3", "odd", DAY),
        bought("1", "odd", EARLIER),
    ]
    assert strength_of(learned_from(spark, rows, min_item_buyers=2)).keys() == {
        ("ann", "odd"),
        ("bob", "odd"),
    }


def test_indexes_are_dense_and_follow_the_ids(spark: SparkSession) -> None:
    rows = [("z", "9"), ("a", "10"), ("a", "99999999999"), ("m", "9")]
    frame = spark.createDataFrame(rows, "person_id string, product_id string")
    assert {r.person_id: r.person_index for r in person_index(frame).collect()} == {"a": 0, "m": 1, "z": 2}
    assert {r.product_id: r.item_index for r in item_index(frame).collect()} == {
        "10": 0,
        "9": 1,
        "99999999999": 2,
    }
    assert person_index(frame).schema["person_index"].dataType.simpleString() == "int"


def test_only_barred_departments_are_not_offered(spark: SparkSession) -> None:
    products = products_frame(spark, GOODS)
    assert {r.product_id for r in offered(products, ["FUEL"]).collect()} == {"milk", "odd"}
    assert offered(products, []).count() == 3
