"""Rows come to the driver by partition, as they would at once."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipelines.publish.rows import rows_of

pytestmark = [pytest.mark.spark, pytest.mark.engines]


def test_the_rows_are_those_of_the_frame_in_its_order(spark: SparkSession) -> None:
    inner = F.struct(F.col("id").alias("n"), F.array(F.lit("a"), F.lit(None)).alias("texts"))
    frame = spark.range(1000, numPartitions=7).select("id", inner.alias("inner")).orderBy(F.desc("id"))
    found = list(rows_of(frame))
    assert found == frame.collect()
    assert [row["id"] for row in found] == sorted(range(1000), reverse=True)
    assert found[0].asDict(recursive=True) == {"id": 999, "inner": {"n": 999, "texts": ["a", None]}}
