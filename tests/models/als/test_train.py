from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

from pipelines.errors import DataError
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


def test_it_learns_the_tastes_and_ranks_alike_however_the_rows_lie(learned_from: DataFrame) -> None:
    one = fit(learned_from, PARAMS, as_of=AS_OF).factors
    other = fit(
        learned_from.repartition(7, "strength").sortWithinPartitions("product_id"), PARAMS, as_of=AS_OF
    ).factors
    for name in ("persons", "items", "buyers"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))

    assert one.person_ids.to_pylist() == sorted(cards().values())
    assert one.item_ids.to_pylist() == sorted(goods())
    scores = one.persons @ one.items.T
    assert (scores[:PEOPLE, :GOODS].min(axis=1) > scores[:PEOPLE, GOODS:].max(axis=1)).all()


def test_recent_buyers_are_those_of_one_half_life(learned_from: DataFrame) -> None:
    factors = fit(learned_from, PARAMS, as_of=AS_OF).factors
    since = AS_OF - timedelta(days=PARAMS.half_life_days)
    recent = (
        learned_from.where(learned_from.last_purchased_on > since).groupBy("product_id").count().collect()
    )
    assert dict(zip(factors.item_ids.to_pylist(), factors.buyers.tolist(), strict=True)) == dict(
        map(tuple, recent)
    )


def test_nothing_to_learn_is_a_data_error(learned_from: DataFrame) -> None:
    with pytest.raises(DataError, match="nothing to train on"):
        fit(learned_from.where("false"), PARAMS, as_of=AS_OF)
