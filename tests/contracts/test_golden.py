"""What the golden shop's receipts, read by a person, come to in gold: `golden/shop/expected/<table>.csv`.

Anna (C1) buys milk on three days, and on the third brings back the bread of the first; Ben (C2) buys diapers
twice; a receipt of Cleo (C3) of the first day arrives on the third. An empty cell is a null.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pyspark.sql import SparkSession

from pipelines.flow import step_of
from pipelines.lakehouse.lake import Lake
from pipelines.settings import Settings
from tests.conftest import GOLDEN
from tests.frames import as_read, assert_same

pytestmark = [pytest.mark.spark, pytest.mark.engines]
EXPECTED = sorted((GOLDEN / "expected").glob("*.csv"))


@pytest.mark.parametrize("file", EXPECTED, ids=lambda file: file.stem)
def test_the_golden_receipts_come_to_what_a_person_would_expect(
    spark: SparkSession, settled_shop: Callable[[], Settings], file: object
) -> None:
    step = step_of(getattr(file, "stem", ""))
    assert step is not None
    expected = spark.read.csv(str(file), schema=as_read(step.table), header=True, mode="FAILFAST")
    assert_same(Lake(spark, settled_shop().lake.root).read(step.table), expected)
