"""A table without what its newest version does not hold: neither files nor log tell, and it reads as before."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from pipelines.lakehouse.purge import purge


def tells(line: bytes) -> bool:
    return b"gone" in line


def dirty(place: Path) -> frozenset[str]:
    """The files in which the word stands; Parquet holds it plainly, since it is short and alone."""
    return frozenset(
        str(path.relative_to(place))
        for path in place.rglob("*")
        if path.is_file() and tells(path.read_bytes())
    )


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = str(tmp_path / "table")
    write_deltalake(path, pa.table({"name": ["gone"], "day": ["1"]}), partition_by=["day"])
    write_deltalake(path, pa.table({"name": ["stays"], "day": ["2"]}), mode="append")
    write_deltalake(
        path,
        pa.table({"name": ["more"], "day": ["1"]}),
        mode="overwrite",
        predicate="name IN ('gone', 'more')",
    )
    return tmp_path / "table"


def names(place: Path) -> list[str]:
    return sorted(DeltaTable(str(place)).to_pyarrow_table()["name"].to_pylist())


def commits(place: Path) -> list[str]:
    return sorted(path.name for path in (place / "_delta_log").glob("*.json"))


def test_nothing_tells_and_the_table_and_its_versions_stand(place: Path) -> None:
    before = commits(place)
    assert {name.partition("/")[0] for name in dirty(place)} == {"_delta_log", "day=1"}, "control: it is told"
    assert purge(str(place), tells, dirty(place)) == 1
    assert dirty(place) == frozenset()
    assert (names(place), commits(place)) == (["more", "stays"], before)
    added = [json.loads(line) for line in (place / "_delta_log" / before[1]).read_text().splitlines()]
    assert any("stats" in line["add"] for line in added if "add" in line), "what tells nothing stays as it is"
    assert purge(str(place), tells, dirty(place)) == 0


def test_a_checkpoint_that_tells_goes_and_the_log_stands_without_it(place: Path) -> None:
    DeltaTable(str(place), version=0).create_checkpoint()
    told = frozenset(
        {*dirty(place), *(f"_delta_log/{p.name}" for p in (place / "_delta_log").glob("*checkpoint*"))}
    )
    purge(str(place), tells, told)
    assert not list((place / "_delta_log").glob("*checkpoint*"))
    assert names(place) == ["more", "stays"]


def test_where_the_first_commits_are_gone_a_new_checkpoint_takes_its_place(place: Path) -> None:
    log = place / "_delta_log"
    DeltaTable(str(place), version=1).create_checkpoint()
    commits_before = commits(place)
    (log / commits_before[0]).unlink()
    old = {path.name for path in log.glob("*.checkpoint*")}
    purge(str(place), tells, frozenset({*dirty(place), *(f"_delta_log/{name}" for name in old)}))
    assert not old & {path.name for path in log.glob("*.checkpoint*")}
    assert names(place) == ["more", "stays"]


def test_a_rewritten_commit_has_no_checksum_of_the_one_before(place: Path) -> None:
    """Hadoop keeps one beside each file on a disk, and refuses a file that differs from it."""
    checksum = place / "_delta_log" / f".{commits(place)[0]}.crc"
    checksum.write_bytes(b"crc")
    purge(str(place), tells, dirty(place))
    assert not checksum.exists()
