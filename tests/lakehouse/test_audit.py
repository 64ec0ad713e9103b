"""`audit.runs` tells of the commits that stand, also after a table was restored, or dropped and made anew."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime

import pytest

from pipelines.lakehouse import audit
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


def write(lake: Lake, run: str, rows: int) -> None:
    lake.commit(TABLE, lake.spark.range(rows).toDF("n"), mark(run), parent=lake.ensure(TABLE))


def told(lake: Lake, run: str) -> list[tuple[str, int, int]]:
    """Record, and what the table then says: run, version and rows."""
    audit.record(lake, [TABLE], mark(run))
    rows = lake.read(audit.TABLE).orderBy("output_version").collect()
    return [(row["run_id"], row["output_version"], row["accepted"]) for row in rows]


def test_each_commit_once_and_those_that_stand(lake: Lake) -> None:
    write(lake, "one", 1)
    write(lake, "two", 2)
    assert told(lake, "a") == [("one", 1, 1), ("two", 2, 2)]
    assert told(lake, "b") == [("one", 1, 1), ("two", 2, 2)]
    lake.restore(TABLE, 1)
    write(lake, "three", 3)
    assert told(lake, "c") == [("one", 1, 1), ("three", 4, 3)], "the second was undone"
    lake.restore(TABLE, 2)
    assert told(lake, "d") == [("one", 1, 1), ("two", 2, 2)], "and stands again"
    moved = Lake(lake.spark, f"{lake.root}-elsewhere")  # where this session has read no log yet
    shutil.copytree(lake.root, moved.root)
    shutil.rmtree(moved.path(TABLE))
    write(moved, "anew", 5)
    assert told(moved, "e") == [("anew", 1, 5)]
