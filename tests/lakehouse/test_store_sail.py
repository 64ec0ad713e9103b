"""What Sail's store keeps in memory and in its scratch folder, and for how long."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake
from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession

from pipelines.lakehouse.store_sail import SailStore, spooled

ROWS, BATCHES = 100_000, 40


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go, and nothing yet."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_of_many_batches_one_is_in_memory(tmp_path: Path) -> None:
    """The control: a list of the same batches holds them all."""
    schema = pa.schema([("a", pa.int64()), ("b", pa.int64())])
    held: list[int] = []

    def batches() -> Iterator[pa.RecordBatch]:
        for number in range(BATCHES):
            held.append(pa.total_allocated_bytes())
            columns = [pa.array(np.arange(ROWS) + number).cast(pa.int32()) for _ in schema]
            yield pa.RecordBatch.from_arrays(columns[::-1], names=["b", "a"])

    spooled(batches(), schema, str(tmp_path / "all.parquet"))
    one = ROWS * 2 * 8
    assert max(held) - held[0] < 4 * one
    assert pq.read_metadata(tmp_path / "all.parquet").num_rows == ROWS * BATCHES
    kept = list(batches())
    assert held[-1] - held[BATCHES] > 0.4 * len(kept) * one


@pytest.mark.spark
def test_changes_lie_in_scratch_as_long_as_a_frame_is_made_of_them(
    spark: SparkSession, tmp_path: Path, scratch: Path
) -> None:
    path = str(tmp_path / "table")
    rows = pa.table({"id": ["a", "b"]})
    write_deltalake(path, rows, configuration={"delta.enableChangeDataFeed": "true"})
    write_deltalake(path, rows.slice(0, 1), mode="append")
    write_deltalake(path, rows.slice(1, 1), mode="overwrite", predicate="id = 'b'")

    DeltaTable(path).alter.set_table_properties({"delta.checkpointInterval": "20"})
    newest = DeltaTable(path).version()
    assert SailStore(spark).feed(path, newest - 1, newest).collect() == [], "a commit without rows"

    feed = SailStore(spark).feed(path, 0, newest)
    made = feed.where("id = 'a'").select("_change_type")
    del feed
    gc.collect()
    assert [row[0] for row in made.collect()] == ["insert"]
    assert list(scratch.iterdir())
    del made
    gc.collect()
    assert not list(scratch.iterdir())


@pytest.mark.spark
def test_a_feed_that_is_gone_leaves_no_scratch(spark: SparkSession, tmp_path: Path, scratch: Path) -> None:
    path = str(tmp_path / "table")
    for id in ("a", "b"):
        write_deltalake(
            path, pa.table({"id": [id]}), mode="append", configuration={"delta.enableChangeDataFeed": "true"}
        )
    (Path(path) / "_delta_log" / f"{1:020}.json").write_text("{")
    with pytest.raises(AnalysisException):
        SailStore(spark).feed(path, 0, 1)
    assert not list(scratch.iterdir())
