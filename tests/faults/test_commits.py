"""A write that breaks off: files without a commit are nobody's rows, and the next write is whole."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pyspark.sql import DataFrame

from pipelines.errors import SystemFault
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.mark import Mark
from pipelines.lakehouse.table import Append, Col, Table
from pipelines.lakehouse.types import LONG

pytestmark = [pytest.mark.spark, pytest.mark.engines]

TABLE = Table(
    name="bronze.numbers",
    doc="One row per number.",
    key=("n",),
    columns=(Col("n", LONG, "The number", nullable=False),),
    write=Append(),
)


def mark(run: str) -> Mark:
    now = datetime.now(UTC)
    return Mark(
        run=run, stage="ingest", as_of=date(2024, 3, 1), started_at=now, code="", contract="", settings=""
    )


def numbers(lake: Lake) -> DataFrame:
    return lake.spark.range(10, 20, 1, 1).toDF("n")


def half_written(lake: Lake) -> DataFrame:
    """Good rows in one file, and in another the disk is full."""
    full = "if(n < 1000, n, cast(raise_error('No space left on device') as bigint)) as n"
    return numbers(lake).union(lake.spark.range(1000, 200_000, 1, 1).toDF("n").selectExpr(full))


def test_a_disk_that_fills_up_after_data_files_and_before_the_log(lake: Lake) -> None:
    parent = lake.ensure(TABLE)
    first = lake.commit(TABLE, lake.spark.range(10).toDF("n"), mark("one"), parent=parent)
    with pytest.raises(SystemFault, match="the disk is full"):
        lake.commit(TABLE, half_written(lake), mark("two"), parent=first)
    head = lake.head(TABLE)
    assert head is not None
    assert head.version == first
    lake.commit(TABLE, numbers(lake), mark("again"), parent=first)
    assert sorted(row["n"] for row in lake.read(TABLE).collect()) == list(range(20))


@pytest.mark.jvm
def test_control_who_reads_files_without_the_log_reads_orphans_too(lake: Lake) -> None:
    parent = lake.ensure(TABLE)
    with pytest.raises(SystemFault, match="the disk is full"):
        lake.commit(TABLE, half_written(lake), mark("one"), parent=parent)
    lake.commit(TABLE, numbers(lake), mark("again"), parent=parent)
    assert lake.read(TABLE).count() == 10
    assert lake.spark.read.parquet(*map(str, Path(lake.path(TABLE)).glob("*.parquet"))).count() > 10
