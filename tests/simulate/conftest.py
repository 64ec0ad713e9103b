"""The small world, made once for all tests of the simulator."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from pipelines.simulate import job
from tests.simulate.worlds import WORLD, Made


@pytest.fixture(scope="session")
def world(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Made:
    place = tmp_path_factory.mktemp("world")
    assert job.claim(str(place), WORLD) is None
    job.make(spark, str(place), WORLD)
    return Made(place)
