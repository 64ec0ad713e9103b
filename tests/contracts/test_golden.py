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

pytestmark = pytest.mark.spark
EXPECTED = sorted((GOLDEN / "expected").glob("*.csv"))


@pytest.mark.parametrize("file", EXPECTED, ids=lambda file: file.stem)
def test_the_golden_receipts_come_to_what_a_person_would_expect(
    spark: SparkSession, settled_shop: Callable[[], Settings], file: object
) -> None:
    step = step_of(getattr(file, "stem", ""))
    assert step is not None
    expected = spark.read.csv(str(file), schema=as_read(step.table), header=True, mode="FAILFAST")
    assert_same(Lake(spark, settled_shop().lake.root).read(step.table), expected)


def test_revenue_by_person_and_of_the_unidentified_is_that_of_all_receipts(
    spark: SparkSession, settled_shop: Callable[[], Settings]
) -> None:
    """Anna 6.00, Ben 25.99, Cleo 7.70, and 1.20 of nobody."""
    lake = Lake(spark, settled_shop().lake.root)

    def paid(name: str, where: str = "true") -> list[str]:
        step = step_of(name)
        assert step is not None
        rows = lake.read(step.table).where(where)
        amount = "numerator" if name == "gold.kpi_monthly" else "net_revenue"
        return sorted(str(row[0]) for row in rows.select(amount).collect())

    assert paid("gold.customer_totals", "receipts > 0") == ["25.99", "6.00", "7.70"]
    assert paid("gold.kpi_monthly", "metric = 'revenue' AND member = 'offline_only'") == ["39.69"]
    assert paid("gold.kpi_monthly", "metric = 'revenue' AND member = 'unidentified'") == ["1.20"]
    assert paid("gold.kpi_daily") == ["-1.80", "15.89", "26.80"]
