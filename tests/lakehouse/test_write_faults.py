"""What Spark says of a failed write, as a person should read it. Rows that break a contract: `test_lake.py`."""

from __future__ import annotations

from typing import cast

import pytest
from pyspark.sql import DataFrame

from pipelines.errors import ConcurrentWrite, SystemFault
from pipelines.gold import kpi_daily
from pipelines.lakehouse.write_faults import explained

NO_ROWS = cast(DataFrame, None)  # they are read only where one of them breaks the contract


@pytest.mark.parametrize(
    ("says", "kind", "what"),
    [
        ("[DELTA_CONCURRENT_APPEND] Files were added", ConcurrentWrite, "was written by somebody else"),
        ("io.delta.exceptions.ConcurrentTransactionException", ConcurrentWrite, "at the same time"),
        ("java.io.IOException: No space left on device", SystemFault, "at /lake/gold: the disk is full"),
        ("Read-only file system", SystemFault, "the disk is read-only"),
        ("Permission denied", SystemFault, "permission denied"),
    ],
)
def test_a_fault_of_the_machine_or_of_two_writers_is_named(
    says: str, kind: type[Exception], what: str
) -> None:
    found = explained(kpi_daily.TABLE, "/lake/gold", NO_ROWS, RuntimeError(f"Job aborted. {says}"))
    assert type(found) is kind
    assert "gold.kpi_daily" in str(found)
    assert what in str(found)


def test_what_nobody_foresaw_is_given_back() -> None:
    error = RuntimeError("the executor was lost")
    assert explained(kpi_daily.TABLE, "/lake/gold", NO_ROWS, error) is error
