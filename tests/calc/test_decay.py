"""Faded weights are whole, halve with every half-life, and never vanish."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipelines.calc.decay import ONE, faded


@pytest.mark.spark
def test_a_weight_halves_with_every_half_life_and_never_becomes_nothing(spark: SparkSession) -> None:
    ages = spark.createDataFrame([(0,), (90,), (180,), (45,), (90_000,)], "age int")
    weights = [row[0] for row in ages.select(faded(F.col("age"), 90)).collect()]
    assert weights == [ONE, ONE // 2, ONE // 4, 707_106_781_187, 1]
