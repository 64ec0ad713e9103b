"""From files to records: every line once, or one row that says why none."""

from __future__ import annotations

import gzip
import json
from codecs import BOM_UTF8
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipelines.bronze.records import COLUMNS
from pipelines.errors import SettingsError
from pipelines.lakehouse.vault import open_sealed
from pipelines.lakehouse.vault_key import ensure_key
from pipelines.landing import customers, framing, stores
from pipelines.landing.framing import FRAMED, FileFault, Framing, frame, framed
from pipelines.landing.sealing import Sealing

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ARRIVED = datetime(2017, 1, 2, 5, 30, tzinfo=UTC)
NAMES = ("a.jsonl", "a.jsonl.gz", "a.jsonl.zst")
names = st.sampled_from(NAMES)
one_folder = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)


def frame_files(root: Path, *names: str, **how: Any) -> list[dict[str, Any]]:
    files = pa.RecordBatch.from_pylist(
        [{"source": "stores", "file": n, "size": 1, "arrived_at": ARRIVED, "batch": 7} for n in names]
    )
    batches = list(framed(iter([files]), Framing(str(root), how.pop("sealing", None), **how)))
    assert all(batch.num_rows for batch in batches)
    return [row for batch in batches for row in batch.to_pylist()]


def write(root: Path, name: str, payload: bytes) -> str:
    (root / name).write_bytes(packed(name, payload))
    return name


def packed(name: str, payload: bytes) -> bytes:
    """The payload as a file of that name holds it."""
    if name.endswith(".zst"):
        return bytes(pa.compress(payload, codec="zstd", asbytes=True))
    return gzip.compress(payload, mtime=0) if name.endswith(".gz") else payload


@pytest.mark.parametrize("name", NAMES)
def test_a_row_a_record(tmp_path: Path, name: str) -> None:
    write(tmp_path, name, b'{"a":1}\r\n\n  \n{"b":2}\n{"torn')
    rows = frame_files(tmp_path, name)
    assert [row["payload"] for row in rows] == [b'{"a":1}', b'{"b":2}', b'{"torn']
    assert [row["position"] for row in rows] == [1, 2, 3]
    assert rows[0] == {
        "source": "stores",
        "file": name,
        "position": 1,
        "batch": 7,
        "arrived_at": ARRIVED,
        "fault": None,
        "payload": b'{"a":1}',
        "sealed": None,
    }


@pytest.mark.parametrize("payload", [b"", b"\n\r\n \n"])
@pytest.mark.parametrize("name", NAMES)
def test_an_empty_file_has_no_records(tmp_path: Path, name: str, payload: bytes) -> None:
    assert frame_files(tmp_path, write(tmp_path, name, payload)) == []


def test_bytes_that_are_not_utf8_are_kept(tmp_path: Path) -> None:
    [row] = frame_files(tmp_path, write(tmp_path, "a.jsonl", b'{"a":"\xff\x00"}\n'))
    assert row["payload"] == b'{"a":"\xff\x00"}'


def fault(tmp_path: Path, name: str, **how: Any) -> FileFault:
    """Why a file was refused, whose one row is all that comes of it; the file after it is read."""
    refused, good = frame_files(tmp_path, name, write(tmp_path, "good.jsonl", b"{}"), **how)
    assert (refused["file"], refused["position"], refused["payload"]) == (name, 0, None)
    assert (good["file"], good["position"], good["payload"]) == ("good.jsonl", 1, b"{}")
    return FileFault[refused["fault"]]


def test_refused_files(tmp_path: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    for name in ("a.jsonl.gz", "a.jsonl.zst"):
        (tmp_path / f"plain.{name}").write_bytes(b'{"a":1}\n')
        (tmp_path / f"none.{name}").write_bytes(b"")
        (tmp_path / f"tail.{name}").write_bytes(packed(name, b"{}\n") + b"garbage")
    (tmp_path / "crc.jsonl.gz").write_bytes(gzip.compress(b"{}\n")[:-8] + bytes(8))
    write(tmp_path, "a.csv", b"a,b\n")
    assert fault(tmp_path, "folder.jsonl") is FileFault.UNREADABLE
    assert fault(tmp_path, "gone.jsonl") is FileFault.UNREADABLE
    for name in ("a.jsonl.gz", "a.jsonl.zst"):
        assert fault(tmp_path, f"plain.{name}") is FileFault.NOT_PACKED
        assert fault(tmp_path, f"none.{name}") is FileFault.TORN
        assert fault(tmp_path, f"tail.{name}") is FileFault.TORN
    assert fault(tmp_path, "crc.jsonl.gz") is FileFault.TORN
    assert fault(tmp_path, "a.csv") is FileFault.UNKNOWN_FORMAT


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.zst"])
def test_packed_parts_of_a_file_are_one_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(packed(name, b"{}\n{") + packed(name, b"}\n"))
    assert [row["payload"] for row in frame_files(tmp_path, name)] == [b"{}", b"{}"]


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.zst"])
@given(data=st.data())
@one_folder
def test_half_a_packed_file_gives_nothing(tmp_path: Path, name: str, data: st.DataObject) -> None:
    whole = packed(name, data.draw(st.binary(max_size=300)) + b'\n{"a":1}\n' * 50)
    (tmp_path / f"half.{name}").write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    assert fault(tmp_path, f"half.{name}") is FileFault.TORN


@given(st.binary(max_size=400), names, st.integers(1, 9), st.integers(1, 9))
@example(b"\r\n\r\r\n \n\x0b\n", "a.jsonl", 1, 1)
@example(BOM_UTF8 + b"a\n" + BOM_UTF8, "a.jsonl.gz", 1, 1)
@example(BOM_UTF8, "a.jsonl.zst", 1, 1)
@one_folder
def test_records_are_the_lines(tmp_path: Path, payload: bytes, name: str, chunk: int, batch: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(framing, "_CHUNK_BYTES", chunk)
        patched.setattr(framing, "_BATCH_RECORDS", batch)
        rows = frame_files(tmp_path, write(tmp_path, name, payload))
    text = payload.removeprefix(BOM_UTF8)
    lines = [line.removesuffix(b"\r") for line in text.split(b"\n") if line.strip()]
    assert [row["payload"] for row in rows] == lines
    assert [row["position"] for row in rows] == list(range(1, len(lines) + 1))


@given(st.lists(st.integers(0, 40), max_size=6), names, st.integers(2, 20))
@one_folder
def test_a_long_line_refuses_the_file(tmp_path: Path, lengths: list[int], name: str, limit: int) -> None:
    write(tmp_path, name, b"\n".join(b"x" * length for length in lengths))
    if max(lengths, default=0) > limit:
        assert fault(tmp_path, name, max_record_bytes=limit) is FileFault.RECORD_TOO_LONG
    else:
        rows = frame_files(tmp_path, name, max_record_bytes=limit)
        assert [len(row["payload"]) for row in rows] == [length for length in lengths if length]


def test_batches_are_bounded(tmp_path: Path) -> None:
    write(tmp_path, "a.jsonl.gz", b"{}\n" * 20_000 + (b"x" * 1000 + b"\n") * 3000)
    file = pa.RecordBatch.from_pylist(
        [{"source": "stores", "file": "a.jsonl.gz", "size": 1, "arrived_at": ARRIVED, "batch": 7}]
    )
    batches = list(framed(iter([file]), Framing(str(tmp_path), None)))
    assert sum(batch.num_rows for batch in batches) == 23_000
    assert max(batch.num_rows for batch in batches) <= 8192
    assert max(batch.nbytes for batch in batches) < 3 << 20


@given(st.lists(st.emails() | st.just("+1 415 555 2671") | st.text(min_size=4), min_size=1, max_size=5))
@settings(one_folder, max_examples=20)
def test_no_contact_reaches_bronze(tmp_path: Path, contacts: list[str]) -> None:
    key = ensure_key(f"{tmp_path}/keys/vault.json", allow_generated=True)
    lines = [json.dumps({"n": n, "email": contact}).encode() for n, contact in enumerate(contacts)]
    write(tmp_path, "a.jsonl", b"\n".join([*lines, *(line[:-2] for line in lines)]))
    rows = frame_files(tmp_path, "a.jsonl", sealing=Sealing(customers.SOURCE.contacts, key, "US"))
    assert len(rows) == 2 * len(contacts)
    for row, line in zip(rows, lines, strict=False):
        written = json.loads(line)["email"]
        email = json.loads(row["payload"])["email"]
        if not written.strip():
            assert (email, row["sealed"]) == (None, None)
            continue
        [sealed] = row["sealed"]
        assert email.removeprefix("invalid:") == sealed["token"]
        assert json.dumps(written).encode()[1:-1] not in row["payload"]
    assert all(b"sealed_record" in row["payload"] for row in rows[len(contacts) :])


def test_bronze_comes_first_in_its_own_order() -> None:
    assert FRAMED.names == [*(column.name for column in COLUMNS), "sealed"]
    assert [field.dataType for field in FRAMED][:-1] == [column.type for column in COLUMNS]


@pytest.mark.spark
def test_on_spark(spark: SparkSession, tmp_path: Path) -> None:
    key = ensure_key(f"{tmp_path}/keys/vault.json", allow_generated=True)
    with pytest.raises(SettingsError, match="no vault key"):
        frame(spark.range(1), customers.SOURCE, landing_root="x", vault_key=None, default_region="US")
    write(tmp_path, "a.jsonl", b'{"loyalty_card":"1","email":"Ann@example.com"}\n{"loyalty_card":"2"}\n')
    write(tmp_path, "b.jsonl.gz", b"{}")
    (tmp_path / "c.jsonl.gz").write_bytes(b"{}")
    files = spark.createDataFrame(
        [("customers", name, 1, ARRIVED, 7) for name in ("a.jsonl", "b.jsonl.gz", "c.jsonl.gz")],
        "source string, file string, size long, arrived_at timestamp, batch long",
    )
    made = frame(files, customers.SOURCE, landing_root=str(tmp_path), vault_key=key, default_region="US")
    assert made.schema == FRAMED
    one, two, three, four = made.orderBy("file", "position").collect()
    [sealed] = one.sealed
    assert json.loads(one.payload)["email"] == sealed.token
    assert open_sealed(key, sealed) == "ann@example.com"
    assert (one.arrived_at, one.batch) == (two.arrived_at, 7)
    assert (two.position, two.payload, two.sealed) == (2, b'{"loyalty_card":"2"}', None)
    assert (three.file, three.position, three.payload) == ("b.jsonl.gz", 1, b"{}")
    assert (four.position, four.fault, four.payload) == (0, "NOT_PACKED", None)
    plain = frame(files, stores.SOURCE, landing_root=str(tmp_path), vault_key=None, default_region="US")
    assert plain.where("payload is not null").count() == 3
    assert made.where(made.arrived_at == ARRIVED).count() == 4
