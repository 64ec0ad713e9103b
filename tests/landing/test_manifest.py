"""A drop with a manifest is taken whole or not at all; one without is taken as it is."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.landing.files import MANIFEST, landed
from pipelines.landing.manifest import whole
from pipelines.landing.sources import SOURCES

DROP = "receipts/arrived=20240302T003000Z"
LATER = datetime(2025, 1, 1, tzinfo=UTC)


def write(root: Path, name: str, content: bytes = b"{}\n") -> dict[str, Any]:
    """Land a file of the drop; gives its entry in the manifest."""
    path = root / DROP / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def promise(root: Path, *entries: dict[str, Any]) -> None:
    write(root, MANIFEST, json.dumps({"files": entries, "sender": "till server"}).encode())


def taken(root: Path) -> tuple[list[str], dict[str, str]]:
    """The names that may be taken, and what is told of each other path."""
    found, left = landed(str(root), SOURCES, LATER)
    good, told = whole(str(root), found, found)
    return [file.path.rpartition("/")[2] for file in good], dict([*left, *told])


def test_without_a_manifest_every_file_is_taken(tmp_path: Path) -> None:
    write(tmp_path, "a.jsonl")
    assert taken(tmp_path) == (["a.jsonl"], {})


def test_a_whole_drop_is_taken(tmp_path: Path) -> None:
    promise(tmp_path, write(tmp_path, "a.jsonl"), write(tmp_path, "b.jsonl", b"more\n"))
    assert taken(tmp_path) == (["a.jsonl", "b.jsonl"], {})


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"size": 99}, "It has 3 bytes, and its manifest says 99"),
        ({"sha256": "0" * 64}, "Its SHA-256 is not the one"),
        ({"name": "c.jsonl"}, "it is not there"),
    ],
)
def test_one_wrong_file_keeps_the_drop_back_until_it_is_right(
    tmp_path: Path, wrong: dict[str, Any], says: str
) -> None:
    one, two = write(tmp_path, "a.jsonl"), write(tmp_path, "b.jsonl")
    promise(tmp_path, one, {**two, **wrong})
    names, told = taken(tmp_path)
    assert names == []
    assert says in told[f"{DROP}/{wrong.get('name', 'b.jsonl')}"]
    promise(tmp_path, one, two)
    assert taken(tmp_path) == (["a.jsonl", "b.jsonl"], {})


def test_a_file_that_the_manifest_does_not_name_is_told_and_not_read(tmp_path: Path) -> None:
    promise(tmp_path, write(tmp_path, "a.jsonl"))
    write(tmp_path, "stranger.jsonl")
    names, told = taken(tmp_path)
    assert names == ["a.jsonl"]
    assert told == {f"{DROP}/stranger.jsonl": "The manifest of its drop does not name it."}


@pytest.mark.parametrize(
    "text", [b"{", b'{"files": [{"name": "a.jsonl"}]}', b'{"files": [{"name": "../a"}]}']
)
def test_a_manifest_that_is_none_keeps_the_drop_back(tmp_path: Path, text: bytes) -> None:
    write(tmp_path, "a.jsonl")
    write(tmp_path, MANIFEST, text)
    names, told = taken(tmp_path)
    assert names == []
    assert "It is no manifest" in told[f"{DROP}/{MANIFEST}"]


def test_a_manifest_alone_is_told(tmp_path: Path) -> None:
    promise(tmp_path, {"name": "a.jsonl", "size": 1, "sha256": "0" * 64})
    assert taken(tmp_path) == (
        [],
        {f"{DROP}/{MANIFEST}": "No file of its drop is there: the drop waits for them."},
    )


def test_one_drop_does_not_wait_for_another(tmp_path: Path) -> None:
    promise(tmp_path, {"name": "a.jsonl", "size": 1, "sha256": "0" * 64})
    other = tmp_path / "receipts/arrived=20240303T003000Z/b.jsonl"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"{}\n")
    assert taken(tmp_path)[0] == ["b.jsonl"]
