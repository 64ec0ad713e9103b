"""Upkeep of a small lake, without an engine: rows, watermarks and released versions stand, old files go."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import deltalake
import pyarrow as pa
import pytest
from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import TableNotFoundError

from pipelines.errors import SystemFault
from pipelines.gold import consents
from pipelines.lakehouse import log
from pipelines.lakehouse.lake import path_of
from pipelines.lakehouse.lease import lease
from pipelines.lakehouse.mark import Mark
from pipelines.lakehouse.upkeep import keep_up
from pipelines.maintain import Upkeep, maintain, stage_of
from pipelines.publish import releases

TODAY = date(2024, 3, 20)
LONG_AGO = 1_600_000_000_000  # milliseconds: the files of this lake were put aside in 2020


def marked(n: int, **facts: str) -> CommitProperties:
    at = datetime(2024, 3, 1, tzinfo=UTC)
    blank = {"stage": "build", "code": "", "contract": "c", "settings": ""}
    mark = Mark(run=f"r{n}", as_of=date(2024, 3, 1), started_at=at, **{**blank, **facts})
    return CommitProperties(custom_metadata={"userMetadata": mark.dump()})


def write(path: str, n: int, mode: str) -> None:
    deltalake.write_deltalake(path, pa.table({"n": [n]}), mode=mode, commit_properties=marked(n))


def aged(path: str) -> None:
    """Let every commit and file of a table be of 2020."""
    for commit in Path(path, "_delta_log").glob("*.json"):
        lines = [json.loads(line) for line in commit.read_text().splitlines()]
        for line in lines:
            if "remove" in line:
                line["remove"]["deletionTimestamp"] = LONG_AGO
            if "commitInfo" in line:
                line["commitInfo"]["timestamp"] = LONG_AGO
        commit.write_text("".join(json.dumps(line) + "\n" for line in lines))


def rows(path: str, version: int | None = None) -> list[int]:
    return sorted(DeltaTable(path, version=version).to_pyarrow_table()["n"].to_pylist())


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Version 0 and 1 are overwritten by 2, which 3 and 4 add to; all of them are old."""
    path = path_of(str(tmp_path), consents.TABLE)
    for n, mode in enumerate(("overwrite", "overwrite", "overwrite", "append", "append")):
        write(path, n, mode)
    aged(path)
    return path


def release(root: Path, name: str, as_of: date, version: int) -> None:
    row = {
        "release_id": [name],
        "as_of": [as_of],
        "versions": pa.array([[(consents.TABLE.name, version)]], pa.map_(pa.string(), pa.int64())),
    }
    path = path_of(str(root), releases.TABLE)
    deltalake.write_deltalake(path, pa.table(row), mode="append", commit_properties=marked(0, release=name))


def kept_up(root: Path) -> dict[str, Upkeep]:
    done: list[Upkeep] = []
    maintain(str(root), today=TODAY, keep_days=14, of_table={}, report=done.append)
    return {one.table: one for one in done}


def test_rows_watermark_and_released_versions_stand_and_the_rest_goes(tmp_path: Path, path: str) -> None:
    release(tmp_path, "old", TODAY - timedelta(40), 0)
    release(tmp_path, "recent", TODAY - timedelta(3), 1)
    before = log.head(path)
    done = kept_up(tmp_path)[consents.TABLE.name].kept
    assert done is not None
    assert (done.files, done.now, done.removed) == (3, 1, 1), (
        "the file of version 0; those of today stay a while"
    )
    after = log.head(path)
    assert before is not None
    assert after is not None
    assert after.mark == before.mark
    assert log.same_rows(path, before.version, after.version), "so a run has nothing to do for it"
    assert not log.same_rows(path, 3, after.version)
    assert rows(path) == [2, 3, 4]
    assert rows(path, 1) == [1]
    with pytest.raises(Exception, match=r"(?i)not found|no such file"):
        rows(path, 0)
    again = kept_up(tmp_path)[consents.TABLE.name].kept
    assert again is not None
    assert (again.files, again.now, again.removed) == (1, 1, 0)
    assert log.head(path) == after, "where there is nothing to do, nothing is committed"


def test_latest_can_be_read_however_old(tmp_path: Path, path: str) -> None:
    release(tmp_path, "latest", TODAY - timedelta(400), 0)
    kept_up(tmp_path)
    assert (rows(path, 0), rows(path)) == ([0], [2, 3, 4])


def test_what_stood_within_the_retention_can_be_read(path: str) -> None:
    write(path, 5, "overwrite")
    keep_up(path, keep_days=1, versions=())
    assert (rows(path, 4), rows(path)) == ([2, 3, 4], [5])


def test_tables_of_a_stage_at_work_are_left_alone(tmp_path: Path, path: str) -> None:
    with lease(str(tmp_path), stage_of(consents.TABLE), "r9"):
        done = kept_up(tmp_path)
    assert done[consents.TABLE.name].kept is None
    assert "r9" in str(done[consents.TABLE.name].why)
    assert len(DeltaTable(path).file_uris()) == 3


def test_a_lake_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SystemFault, match="no lake"):
        kept_up(tmp_path)
    with pytest.raises((SystemFault, TableNotFoundError)):
        keep_up(str(tmp_path / "none"), keep_days=1, versions=())
