"""The landing layout: arrivals come from paths, and nothing is passed over in silence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from pipelines.errors import DataError
from pipelines.landing.files import Landed, drop, landed
from pipelines.landing.sources import SOURCES

NOON = datetime(2017, 1, 2, 12, tzinfo=UTC)
LATER = datetime(2018, 1, 1, tzinfo=UTC)


def write(root: Path, path: str, payload: bytes = b"{}\n") -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(payload)


def test_a_drop_is_found_with_its_arrival(tmp_path: Path) -> None:
    local = NOON.astimezone(timezone(timedelta(hours=-5)))
    path = drop(str(tmp_path), "receipts", local, "a.jsonl", b"{}\n")
    assert path == "receipts/arrived=20170102T120000Z/a.jsonl"
    good, bad = landed(str(tmp_path), SOURCES, LATER)
    assert bad == []
    assert good == [Landed("receipts", path, 3, NOON)]


def test_order_and_the_instant_before_which(tmp_path: Path) -> None:
    one = NOON + timedelta(hours=1)
    for source, at, name in (
        ("receipts", one, "b"),
        ("receipts", one, "a"),
        ("customers", one, "z"),
        ("stores", NOON, "y"),
    ):
        drop(str(tmp_path), source, at, f"{name}.jsonl", b"")
    good, _ = landed(str(tmp_path), SOURCES, LATER)
    assert [file.path.split("/")[2][0] for file in good] == ["y", "z", "a", "b"]
    good, _ = landed(str(tmp_path), SOURCES, one)
    assert [file.source for file in good] == ["stores"]


@pytest.mark.parametrize(
    "path",
    [
        "_complete_journey.json",
        "receipts/arrived=20170102T120000Z/.a.jsonl.1234.tmp",
        "receipts/arrived=20170102T120000Z/a.jsonl.tmp",
        "receipts/_staging/a.jsonl",
        ".git/config",
    ],
)
def test_what_is_being_written_is_not_seen(tmp_path: Path, path: str) -> None:
    write(tmp_path, path)
    assert landed(str(tmp_path), SOURCES, LATER) == ([], [])


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("a.jsonl", "none of the sources"),
        ("reciepts/arrived=20170102T120000Z/a.jsonl", "none of the sources"),
        ("receipts/a.jsonl", "does not lie at"),
        ("receipts/arrived=20170102T120000Z/deep/a.jsonl", "does not lie at"),
        ("receipts/2017-01-02/a.jsonl", "does not say when it arrived"),
        ("receipts/arrived=20171332T120000Z/a.jsonl", "does not say when it arrived"),
    ],
)
def test_a_path_out_of_place_is_given_back(tmp_path: Path, path: str, why: str) -> None:
    write(tmp_path, path)
    good, [(found, said)] = landed(str(tmp_path), SOURCES, LATER)
    assert (good, found) == ([], path)
    assert why in said


def test_an_empty_root(tmp_path: Path) -> None:
    assert landed(f"{tmp_path}/none", SOURCES, LATER) == ([], [])


def test_dropping_again(tmp_path: Path) -> None:
    root = str(tmp_path)
    path = drop(root, "receipts", NOON, "a.jsonl", b"{}\n")
    written = (tmp_path / path).stat().st_mtime_ns
    assert drop(root, "receipts", NOON, "a.jsonl", b"{}\n") == path
    assert (tmp_path / path).stat().st_mtime_ns == written
    with pytest.raises(DataError, match="other contents"):
        drop(root, "receipts", NOON, "a.jsonl", b"{}{}\n")


@pytest.mark.parametrize("instant", [datetime(2017, 1, 2), NOON + timedelta(microseconds=1)])  # noqa: DTZ001
def test_an_arrival_is_a_whole_second_somewhere(tmp_path: Path, instant: datetime) -> None:
    with pytest.raises(ValueError, match="whole second"):
        drop(str(tmp_path), "receipts", instant, "a.jsonl", b"")
