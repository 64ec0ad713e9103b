"""Laws of every vendor's format, over its fixtures."""

from __future__ import annotations

import gzip
import json
import shutil
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.calc.contacts import normal_email
from pipelines.errors import DataError, UsageError
from pipelines.lakehouse.vault_key import KeyRef, ensure_key
from pipelines.landing.contract import UNREAD
from pipelines.landing.files import landed as listed
from pipelines.landing.formats import land as landing
from pipelines.landing.formats import writing
from pipelines.landing.formats.land import found
from pipelines.landing.formats.registry import FORMATS, find
from pipelines.landing.formats.vendor import Aside, Format, Reading
from pipelines.landing.sealing import Sealing
from pipelines.landing.sources import SOURCES
from tests.landing.formats.contract import (
    ARRIVED,
    BY_NAME,
    GOLDEN,
    golden,
    landed,
    lines,
    objections,
    payloads,
    records,
)

EVERY = pytest.mark.parametrize("name", sorted(FORMATS))
REFUSED = {
    "ga4": Counter(),
    "one_c": Counter({"WRONG_TYPE:quantity": 1, "MISSING_VALUE:lines": 1}),
    "retail_rocket": Counter(),
    "sendgrid": Counter({"WRONG_TYPE:occurred_at": 1}),
}
"""What silver has against the fixtures' records that could be read: what was planted, and nothing else."""
CONTACTS = (
    "example@test.com",
    "gone@test.com",
    "ann@test.com",
    "anna@example.com",
    "123-45-67",
    "ann%40test.com",
)


@EVERY
def test_read_is_written_and_set_aside(tmp_path: Path, name: str) -> None:
    account, found = golden(tmp_path, name)
    assert account.faults == []
    assert account.read == account.written.total() + account.aside.total() > 0
    assert account.written == {source: len(rows) for source, rows in found.items()}
    assert account.unreadable == sum(UNREAD in row for rows in found.values() for row in rows) > 0
    assert set(found) == set(FORMATS[name].sources)


@EVERY
def test_every_record_keeps_to_the_contract(tmp_path: Path, name: str) -> None:
    _, found = golden(tmp_path, name)
    against = Counter(
        reason
        for source, rows in found.items()
        for row in rows
        if UNREAD not in row
        for reason in objections(row, BY_NAME[source])
    )
    assert against == REFUSED[name]


@EVERY
def test_what_could_not_be_read_is_refused_by_every_source(tmp_path: Path, name: str) -> None:
    _, found = golden(tmp_path, name)
    for source, rows in found.items():
        for row in rows:
            if UNREAD in row:
                assert list(row) == [UNREAD]
                assert any(reason.startswith("MISSING_VALUE") for reason in objections(row, BY_NAME[source]))


@EVERY
def test_a_rerun_lands_the_same_bytes(tmp_path: Path, name: str) -> None:
    golden(tmp_path / "one", name)
    before = payloads(tmp_path / "one")
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "one").glob("*/*/*")}
    golden(tmp_path / "one", name)
    assert payloads(tmp_path / "one") == before
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "one").glob("*/*/*")} == stamps
    golden(tmp_path / "two", name)
    assert payloads(tmp_path / "two") == before


@EVERY
def test_killed_half_way_and_run_again(tmp_path: Path, name: str) -> None:
    golden(tmp_path, name)
    before = payloads(tmp_path)
    next(tmp_path.glob("*/*/*")).unlink()
    golden(tmp_path, name)
    assert payloads(tmp_path) == before


@EVERY
@pytest.mark.parametrize("packing", ["gz", "zst"])
def test_packed_is_the_same_as_plain(tmp_path: Path, name: str, packing: str) -> None:
    golden(tmp_path / "plain", name)
    folder = tmp_path / "vendor"
    folder.mkdir()
    for path in (GOLDEN / name).iterdir():
        raw = path.read_bytes()
        packed = gzip.compress(raw) if packing == "gz" else pa.compress(raw, codec="zstd", asbytes=True)
        (folder / f"{path.name}.{packing}").write_bytes(packed)
    landed(tmp_path / "packed", name, folder)
    assert payloads(tmp_path / "packed") == payloads(tmp_path / "plain")


@EVERY
def test_ingest_finds_what_landed(tmp_path: Path, name: str) -> None:
    golden(tmp_path, name)
    files, astray = listed(str(tmp_path), SOURCES, ARRIVED.replace(year=2025))
    assert astray == []
    assert {file.arrived_at for file in files} == {ARRIVED}
    assert {file.path for file in files} == payloads(tmp_path).keys()


@EVERY
def test_no_contact_is_in_clear_after_sealing(tmp_path: Path, name: str) -> None:
    golden(tmp_path / "landing", name)
    key = ensure_key(f"{tmp_path}/vault.json", allow_generated=True)
    sealed, clear = 0, 0
    for source, line in lines(tmp_path / "landing"):
        contacts = BY_NAME[source].contacts
        payload, rows = Sealing(contacts, key, "RU").apply(line) if contacts else (line, [])
        sealed += len(rows)
        clear += any(contact.encode() in line for contact in CONTACTS)
        assert not [contact for contact in CONTACTS if contact.encode() in payload]
    assert bool(clear) == (name != "retail_rocket")
    assert sealed >= clear
    assert all(normal_email(contact) for contact in CONTACTS if "@" in contact)


@EVERY
def test_parts_are_bounded_and_hold_the_same_records(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    golden(tmp_path / "whole", name)
    monkeypatch.setattr(writing, "PART_RECORDS", 2)
    account, _ = golden(tmp_path / "parts", name)
    assert records(tmp_path / "parts") == records(tmp_path / "whole")
    sizes = Counter(
        len(gzip.decompress(payload).splitlines()) for payload in payloads(tmp_path / "parts").values()
    )
    assert set(sizes) <= {1, 2}
    assert sum(size * files for size, files in sizes.items()) == account.written.total()


def test_the_same_file_twice_is_one(tmp_path: Path) -> None:
    twin = tmp_path / "elsewhere" / "events.json"
    twin.parent.mkdir()
    shutil.copy(GOLDEN / "sendgrid" / "events.json", twin)
    account = landed(tmp_path / "landing", "sendgrid", GOLDEN / "sendgrid" / "events.json", twin, twin)
    assert (account.files, account.again, account.read) == (1, 1, 12)


def test_files_of_one_name_and_other_contents_land_side_by_side(tmp_path: Path) -> None:
    for day in ("1", "2"):
        (tmp_path / day).mkdir()
        (tmp_path / day / "events.json").write_text(json.dumps({"sg_event_id": day}))
    landed(tmp_path / "landing", "sendgrid", tmp_path / "1", tmp_path / "2")
    assert sorted(row["event_id"] for row in records(tmp_path / "landing")["engagement"]) == ["1", "2"]
    assert len(payloads(tmp_path / "landing")) == 2


@pytest.mark.parametrize("name", ["events.json.gz", "events.json.zst", "events.parquet"])
def test_a_torn_file_lands_nothing_and_the_others_land(tmp_path: Path, name: str) -> None:
    raw = (GOLDEN / "ga4" / "events_20240301.json").read_bytes()
    packed = {"gz": gzip.compress(raw), "zst": pa.compress(raw, codec="zstd", asbytes=True)}
    (tmp_path / name).write_bytes(packed.get(name.rsplit(".", 1)[1], b"PAR1 torn")[:-9])
    account = landed(tmp_path / "landing", "ga4", tmp_path / name, GOLDEN / "ga4")
    [fault] = account.faults
    assert isinstance(fault, DataError)
    assert name in fault.message
    assert (account.files, len(payloads(tmp_path / "landing"))) == (1, 1)


def test_wrong_compression(tmp_path: Path) -> None:
    (tmp_path / "events.json.gz").write_bytes(b"[]")
    [fault] = landed(tmp_path / "landing", "sendgrid", tmp_path).faults
    assert "Not a gzipped file" in fault.message


def test_which_files_are_found(tmp_path: Path) -> None:
    for name in (
        "b.json",
        "a.jsonl.gz",
        "deep/c.JSON.zst",
        ".hidden.json",
        "_notes/d.json",
        "e.csv",
        "f.txt",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = [path.name for path in found(find("sendgrid"), [tmp_path, tmp_path / "b.json"])]
    assert names == ["a.jsonl.gz", "b.json", "c.JSON.zst"]


@pytest.mark.parametrize(
    ("given", "says"),
    [("none.json", "There is no"), ("e.csv", "is not a file of sendgrid"), ("empty", "Nothing to land")],
)
def test_what_cannot_be_read_is_said_before_anything_lands(tmp_path: Path, given: str, says: str) -> None:
    (tmp_path / "e.csv").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=says):
        found(find("sendgrid"), [tmp_path / given])


def test_a_format_that_forgets_a_record_is_caught(tmp_path: Path) -> None:
    def forgetful(files: object, reading: Reading) -> object:
        for _ in reading.each([1, 2, 3]):
            pass
        yield Aside("lost one", 2)

    (tmp_path / "a.json").write_text("{}")
    kind = Format("forgetful", "", "", ("stores",), (".json",), forgetful)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="read 3 records"):
        landing.land(str(tmp_path / "landing"), kind, [tmp_path / "a.json"], ARRIVED)


def test_the_bar_moves_once_a_file(tmp_path: Path) -> None:
    for name, kind in FORMATS.items():
        steps: list[int] = []
        files = found(kind, [GOLDEN / name])
        landing.land(str(tmp_path), kind, files, ARRIVED, done=lambda: steps.append(1))  # noqa: B023
        assert len(steps) == len(files)


HEADERS = (
    b"timestamp,visitorid,event,itemid,transactionid\n",
    "Дата;Номенклатура;Количество;Сумма\n".encode(),
)
MARKS = tuple(b'{ } [ ] " , : \\ \n \r\n ; 1 null a@b.co \xff \xef\xbb\xbf'.split(b" "))
NAMES = (b'{"event":"open"}', b'"value":', '"Товары":'.encode())
pieces = st.sampled_from((*HEADERS, *MARKS, *NAMES))


@EVERY
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.lists(pieces, max_size=30).map(b"".join), st.integers(0, 3))
def test_whatever_a_file_holds_is_accounted_for(
    tmp_path: Path, name: str, payload: bytes, which: int
) -> None:
    """Rubbish lands as received, or not at all with one clear error; never by a crash, and sealed it is in no clear."""
    folder = tmp_path / "vendor"
    shutil.rmtree(tmp_path / "landing", ignore_errors=True)
    folder.mkdir(exist_ok=True)
    endings = [ending for ending in FORMATS[name].suffixes for _ in range(2)]
    file = folder / f"events{endings[which % len(endings)]}"
    file.write_bytes(payload)
    account = landed(tmp_path / "landing", name, file)
    file.unlink()
    assert account.balanced
    assert all(isinstance(fault, DataError) for fault in account.faults)
    for source, line in lines(tmp_path / "landing"):
        json.loads(line)
        if b"a@b.co" in line:
            contacts = BY_NAME[source].contacts
            assert (
                not contacts or b"a@b.co" not in Sealing(contacts, KeyRef(str(_key())), "RU").apply(line)[0]
            )


@cache
def _key() -> Path:
    path = Path(tempfile.mkdtemp(prefix="tillpost-key-")) / "key.json"
    ensure_key(str(path), allow_generated=True)
    return path


def test_a_near_name_is_named() -> None:
    with pytest.raises(UsageError, match="did you mean one_c"):
        find("one-c")
    with pytest.raises(UsageError) as caught:
        find("xml")
    assert caught.value.message == "There is no format 'xml'"
