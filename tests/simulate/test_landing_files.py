"""A task's work without Spark: records in any order become files, and an account that adds up."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipelines.simulate.landing_files import AGAIN, TORN, WRITTEN, Drop, written
from pipelines.simulate.world import World

WORLD = World.checked(seed=1, households=1, start="2024-03-04", days=3, stores=1)
SCHEMA = pa.schema(
    [
        *((name, pa.int64()) for name in ("drop_day", "part", "occurred_on")),
        *((name, pa.string()) for name in ("id", "fault", "fate", "reason", "file_fault")),
        ("line", pa.binary()),
        ("at", pa.timestamp("us", "UTC")),
        ("copy", pa.int32()),
        *((name, pa.int64()) for name in ("lines", "lines_refused", "cents")),
    ]
)


def record(name: str, day: int = 0, *, whole: str | None = None, **more: Any) -> dict[str, Any]:
    """A record that is accepted, of one line and 100 cents, arriving on the day on which it happened."""
    usual = {"at": datetime(2024, 3, 4 + day, tzinfo=UTC), "copy": 0}
    usual |= {"occurred_on": day, "fate": "accepted", "lines": 1, "lines_refused": 0, "cents": 100}
    line = f'{{"id":"{name}"}}\n'.encode()
    return usual | {"id": name, "drop_day": day, "part": 1, "file_fault": whole, "line": line} | more


def account(root: Path, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Write them, file by file, and give back the account."""
    table = pa.Table.from_pylist(records, SCHEMA)
    into, rows = Drop(str(root), "orders", WORLD, "o"), []
    for day in sorted({one["drop_day"] for one in records}):
        told = written(table.filter(pc.equal(table["drop_day"], day)), into)
        assert told.schema.names == WRITTEN.names
        rows += told.to_pylist()
    return rows


def bodies(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*.gz"))}


FAULTY = [
    record("a"),
    record("b", fault="late", occurred_on=-3),
    record("c", fault="not_json", fate="refused", reason="NOT_JSON", occurred_on=None, lines=0, cents=0),
    record("d", 1),
    record("e", 1, fault="sent_twice", fate="duplicate", cents=0),
]


@pytest.mark.parametrize("records", [FAULTY, FAULTY[::-1]])
def test_files_and_account_do_not_depend_on_the_order(tmp_path: Path, records: list[dict[str, Any]]) -> None:
    rows = account(tmp_path, records)
    first, second = bodies(tmp_path)
    assert first == "orders/arrived=20240305T003000Z/o-2024-03-04-00001.jsonl.gz"
    assert second == "orders/arrived=20240306T003000Z/o-2024-03-05-00001.jsonl.gz"
    assert gzip.decompress(bodies(tmp_path)[first]) == b'{"id":"a"}\n{"id":"b"}\n{"id":"c"}\n'
    counts = [
        (r["file"], r["occurred_on"], r["fate"], r["records"], r["cents"])
        for r in rows
        if r["position"] is None
    ]
    assert sorted(counts, key=str) == sorted(
        [
            (first, date(2024, 3, 1), "accepted", 1, 100),
            (first, date(2024, 3, 4), "accepted", 1, 100),
            (first, None, "refused", 1, 0),
            (second, date(2024, 3, 5), "accepted", 1, 100),
            (second, date(2024, 3, 5), "duplicate", 1, 0),
        ],
        key=str,
    )
    faults = [
        (r["file"], r["position"], r["fault"], r["record_id"]) for r in rows if r["position"] is not None
    ]
    assert faults == [(first, 2, "late", "b"), (first, 3, "not_json", "c"), (second, 2, "sent_twice", "e")]


def test_a_rerun_writes_the_same_bytes_and_says_the_same(tmp_path: Path) -> None:
    rows = account(tmp_path, FAULTY)
    before = bodies(tmp_path)
    assert account(tmp_path, FAULTY) == rows
    assert bodies(tmp_path) == before


def test_a_file_sent_twice_holds_duplicates_but_what_is_refused_is_refused_again(tmp_path: Path) -> None:
    rows = account(tmp_path, [{**one, "file_fault": AGAIN} for one in FAULTY[:3]])
    first, again = bodies(tmp_path)
    assert again == "orders/arrived=20240305T033000Z/o-2024-03-04-00001-again.jsonl.gz"
    assert bodies(tmp_path)[first] == bodies(tmp_path)[again]
    told = {
        r["fate"]: (r["records"], r["cents"]) for r in rows if r["file"] == again and r["position"] is None
    }
    assert told["refused"] == (1, 0)
    assert (
        sum(r["records"] for r in rows if r["file"] == again and r["fate"] == "duplicate" and r["records"])
        == 2
    )
    assert [r["fault"] for r in rows if r["position"] == 0] == [AGAIN]
    assert sum(r["cents"] for r in rows if r["cents"]) == 200, "revenue counts once"


def test_a_torn_file_is_one_refusal_and_lands_before_the_whole(tmp_path: Path) -> None:
    rows = account(tmp_path, [record("a", whole=TORN)])
    torn, whole = sorted(bodies(tmp_path))
    assert torn == "orders/arrived=20240305T001000Z/o-2024-03-04-00001-torn.jsonl.gz"
    with pytest.raises(EOFError):
        gzip.decompress(bodies(tmp_path)[torn])
    assert gzip.decompress(bodies(tmp_path)[whole])
    assert [(r["records"], r["fate"]) for r in rows if r["file"] == torn and r["records"]] == [(1, "refused")]
    [fault] = [r for r in rows if r["position"] == 0]
    assert (fault["fault"], fault["reason"], fault["file"]) == (TORN, "FILE_REFUSED", torn)
