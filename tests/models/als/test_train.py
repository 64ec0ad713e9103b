from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

from pipelines.errors import DataError
from pipelines.models.als import spark_ml, train
from pipelines.models.als.features import interactions
from pipelines.models.als.train import fit
from tests.models.als.shop import (
    AS_OF,
    GOODS,
    PARAMS,
    PEOPLE,
    cards,
    days_frame,
    goods,
    history,
    persons_frame,
    products_frame,
)

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def learned_from(spark: SparkSession) -> DataFrame:
    return interactions(
        days_frame(spark, history()),
        persons_frame(spark, cards()),
        products_frame(spark, goods()),
        as_of=AS_OF,
        half_life_days=PARAMS.half_life_days,
        min_item_buyers=PARAMS.min_item_buyers,
        never_offered=[],
    ).localCheckpoint()


@pytest.fixture(
    scope="module", params=[10**6, pytest.param(0, marks=pytest.mark.jvm)], ids=["driver", "spark.ml"]
)
def driver_rows(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def test_it_learns_the_tastes_and_ranks_alike_however_the_rows_lie(
    learned_from: DataFrame, driver_rows: int
) -> None:
    one = fit(learned_from, PARAMS, as_of=AS_OF, driver_rows=driver_rows)
    dealt = learned_from.repartition(7, "strength").sortWithinPartitions("product_id")
    other = fit(dealt, PARAMS, as_of=AS_OF, driver_rows=driver_rows)
    for name in ("persons", "items", "buyers"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))

    assert one.person_ids.to_pylist() == sorted(cards().values())
    assert one.item_ids.to_pylist() == sorted(goods())
    scores = one.persons @ one.items.T
    assert (scores[:PEOPLE, :GOODS].min(axis=1) > scores[:PEOPLE, GOODS:].max(axis=1)).all()

    since = AS_OF - timedelta(days=PARAMS.half_life_days)
    recent = (
        learned_from.where(learned_from.last_purchased_on > since).groupBy("product_id").count().collect()
    )
    assert dict(zip(one.item_ids.to_pylist(), one.buyers.tolist(), strict=True)) == dict(map(tuple, recent))


def test_the_number_of_interactions_chooses_the_solver(
    learned_from: DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = learned_from.count()
    monkeypatch.setattr(train, "learn", lambda *_, **__: "driver")
    monkeypatch.setattr(spark_ml, "learn", lambda *_, **__: "spark.ml")
    assert [fit(learned_from, PARAMS, as_of=AS_OF, driver_rows=most) for most in (rows, rows - 1)] == [
        "driver",
        "spark.ml",
    ]


def test_nothing_to_learn_is_a_data_error(learned_from: DataFrame, driver_rows: int) -> None:
    with pytest.raises(DataError, match="nothing to train on"):
        fit(learned_from.where("false"), PARAMS, as_of=AS_OF, driver_rows=driver_rows)
