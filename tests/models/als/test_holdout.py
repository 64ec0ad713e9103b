from __future__ import annotations

from datetime import timedelta

import pytest
from pyspark.sql import SparkSession

from pipelines.errors import DataError
from pipelines.models.als.features import histories, offered, purchases, strengths
from pipelines.models.als.holdout import Holdout, take_holdout
from tests.models.als.shop import AS_OF, bought, days_frame, persons_frame, products_frame

pytestmark = pytest.mark.spark

SPLIT = AS_OF - timedelta(days=7)


def split_of(spark: SparkSession, rows: list[tuple[object, ...]]) -> Holdout:
    days = purchases(
        days_frame(spark, rows), persons_frame(spark, {"1": "ann", "2": "bob", "3": "cy"}), as_of=AS_OF
    )
    goods = offered(products_frame(spark, {"x-1": "A", "x-2": None, "y-1": "A", "petrol": "FUEL"}), ["FUEL"])
    known = histories(days, goods)
    before = strengths(known, as_of=SPLIT, half_life_days=30)
    return take_holdout(known, before, goods, split=SPLIT, half_life_days=30)


def test_the_split_as_matrices(spark: SparkSession) -> None:
    rows = [
        bought("1", "x-1", SPLIT),
        bought("1", "x-1", SPLIT - timedelta(days=30)),
        bought("1", "y-1", SPLIT + timedelta(days=1)),
        bought("1", "x-1", AS_OF),
        bought("2", "x-2", AS_OF),  # bought by nobody before the split: a target that no model can know
        bought("2", "petrol", AS_OF),  # never offered, so no target
        bought("3", "y-1", SPLIT - timedelta(days=30)),  # has no target, so counts as a buyer only
        bought("1", "x-2", AS_OF + timedelta(days=1)),  # the future
    ]
    split = split_of(spark, rows)
    assert split.person_ids.to_pylist() == ["ann", "bob"]
    assert split.item_ids.to_pylist() == ["x-1", "x-2", "y-1"]
    assert split.history.toarray().tolist() == [[1.5, 0, 0], [0, 0, 0]]
    assert split.targets.toarray().tolist() == [[1, 0, 1], [0, 1, 0]]
    assert split.buyers.tolist() == [1, 0, 0]  # y-1's only buyer was 30 days ago
    assert split.category[0] == split.category[1] != split.category[2]


def test_no_targets_is_a_data_error(spark: SparkSession) -> None:
    with pytest.raises(DataError, match="Nobody bought anything after"):
        split_of(spark, [bought("1", "x-1", SPLIT)])
