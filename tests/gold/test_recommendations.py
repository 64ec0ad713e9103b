from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from pipelines.gold.recommendations import TABLE
from pipelines.models.als.champion import LoadedAls
from pipelines.models.als.factors import AlsFactors, on_grid
from pipelines.models.next_purchase.model import LIKE_YOU, POPULAR
from tests.models.als import shop
from tests.models.als.shop import AS_OF, bought, days_frame, persons_frame, products_frame

pytestmark = pytest.mark.spark

GOODS = [f"g-{i:03}" for i in range(200)]
KNOWN = [f"p-{i:02}" for i in range(40)]
NOISE = np.random.default_rng(11)
ALS = LoadedAls(
    "als/3",
    AlsFactors(
        pa.array(KNOWN),
        on_grid(NOISE.normal(size=(len(KNOWN), 16)).astype(np.float32)),
        pa.array(GOODS),
        on_grid(NOISE.normal(size=(len(GOODS), 16)).astype(np.float32)),
        np.arange(len(GOODS), dtype=np.int32),
    ),
)
CARDS = {f"c-{person}": person for person in [*KNOWN, "stranger", "silent"]}
HISTORY = [bought(f"c-{p}", GOODS[(7 * i + j) % 200], AS_OF) for i, p in enumerate(KNOWN) for j in range(20)]
HISTORY += [bought("c-stranger", GOODS[199], AS_OF), bought("c-stranger", "not-in-the-model", AS_OF)]


def recommended(
    spark: SparkSession,
    *,
    rows: list[tuple[object, ...]] = HISTORY,
    person: str | None = None,
    habits: list[dict[str, object]] | None = None,
    **change: object,
) -> DataFrame:
    days, persons = days_frame(spark, rows), persons_frame(spark, CARDS)
    if person:
        persons = persons.where(F.col("person_id") == person)
        days = days.where(F.col("identifier_value") == f"c-{person}")
    products = products_frame(
        spark, {good: "FUEL" if good < "g-010" else None for good in GOODS if good != "g-198"}
    )
    given = {"als": ALS, "never_offered": ["FUEL"], **change}
    return shop.recommended(days, persons, products, habits=habits, **given)


def rows_of(frame: DataFrame) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = {}
    for row in frame.orderBy("person_id", "rank").collect():
        grouped.setdefault(row.person_id, []).append(row)
    return grouped


def test_everybody_gets_the_best_goods_they_have_not_bought(spark: SparkSession) -> None:
    frame = recommended(spark)
    assert [(f.name, f.dataType) for f in frame.schema] == [(f.name, f.dataType) for f in TABLE.schema]
    given = rows_of(frame)
    assert set(given) == set(CARDS.values())
    seen = {(row[2].removeprefix("c-"), row[3]) for row in HISTORY}
    scores = ALS.factors.persons.astype(float) @ ALS.factors.items.astype(float).T
    for i, person in enumerate(KNOWN):
        candidates = [
            j
            for j, good in enumerate(GOODS)
            if (person, good) not in seen and good >= "g-010" and good != "g-198"
        ]
        best = sorted(candidates, key=lambda j: (-scores[i, j], j))[:5]
        assert [(r.rank, r.product_id, r.score) for r in given[person]] == [
            (place, GOODS[j], scores[i, j]) for place, j in enumerate(best, start=1)
        ]
        assert {(r.reason, r.model_version) for r in given[person]} == {(LIKE_YOU, "als/3")}


def test_who_is_not_in_the_model_gets_what_is_popular(spark: SparkSession) -> None:
    given = rows_of(recommended(spark))
    # g-199 has most buyers, g-198 is gone from the catalogue.
    assert [row.product_id for row in given["stranger"]] == ["g-197", "g-196", "g-195", "g-194", "g-193"]
    assert [row.product_id for row in given["silent"]] == ["g-199", "g-197", "g-196", "g-195", "g-194"]
    assert {(r.reason, r.model_version) for r in given["silent"]} == {(POPULAR, "als/3 popular")}
    assert given["silent"][0].score == 199.0


@pytest.mark.parametrize("person", ["p-00", "p-17", "stranger", "silent"])
def test_a_person_alone_gets_the_same_rows(spark: SparkSession, person: str) -> None:
    assert rows_of(recommended(spark, person=person)) == {person: rows_of(recommended(spark))[person]}


def test_a_planted_future_row_changes_nothing(spark: SparkSession) -> None:
    best = rows_of(recommended(spark, person="p-03"))["p-03"][0].product_id
    future = [bought("c-p-03", best, AS_OF + timedelta(days=1))]
    assert rows_of(recommended(spark, rows=HISTORY + future)) == rows_of(recommended(spark))


def test_few_candidates_give_few_rows_and_none_give_none(spark: SparkSession) -> None:
    all_but_two = [bought("c-p-00", good, AS_OF) for good in GOODS[12:]]
    assert [r.rank for r in rows_of(recommended(spark, rows=all_but_two, person="p-00"))["p-00"]] == [1, 2]
    assert (
        rows_of(recommended(spark, rows=[bought("c-p-00", good, AS_OF) for good in GOODS], person="p-00"))
        == {}
    )


def test_without_a_champion_the_table_is_empty(spark: SparkSession) -> None:
    frame = recommended(spark, als=None)
    assert [(f.name, f.dataType) for f in frame.schema] == [(f.name, f.dataType) for f in TABLE.schema]
    assert frame.isEmpty()


def habit(product: str, due: int, chance: float | None = None, **change: object) -> dict[str, object]:
    """One that is due so many days after `AS_OF`, give or take three."""
    on = AS_OF + timedelta(due)
    return {
        "person_id": "p-00",
        "product_id": product,
        "last_purchase_on": on - timedelta(14),
        "due_from": on - timedelta(3),
        "next_due_on": on,
        "due_until": on + timedelta(3),
        "chance_7": chance,
        **change,
    }


def test_habits_that_are_due_come_by_their_chance_and_without_one_by_their_date(spark: SparkSession) -> None:
    told = [
        habit("late", -3, 0.2),
        habit("given up", -4, 0.9),
        habit("likely", 10, 0.6),
        habit("soon", 1, 0.4),
        habit("far", 11, 0.9),
        habit("today", 10, 0.9, last_purchase_on=AS_OF),
        habit("yesterday", 1, 0.9, as_of=AS_OF - timedelta(1)),
    ]
    rows = rows_of(recommended(spark, als=None, habits=told))["p-00"]
    assert [(row.product_id, row["rank"], row.score) for row in rows] == [
        ("likely", 1, 0.6),
        ("soon", 2, 0.4),
        ("late", 3, 0.2),
    ]
    assert {(row.model, row.model_version, row.reason) for row in rows} == {
        ("replenishment", "replenishment/2", "Habit.")
    }
    by_rule = [
        habit("late", -3, model_version="replenishment rule"),
        habit("soon", 1, model_version="replenishment rule"),
        habit("often", 3, purchase_days=5, model_version="replenishment rule"),
    ]
    rows = rows_of(recommended(spark, als=None, habits=by_rule))["p-00"]
    assert [(row.product_id, row.score) for row in rows] == [("soon", -1.0), ("often", -3.0), ("late", -3.0)]
