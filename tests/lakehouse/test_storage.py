"""Files outside Spark: whole or not at all, and errors that say what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pyarrow import fs

from pipelines.errors import SystemFault
from pipelines.lakehouse import storage


def test_write_then_read(tmp_path: Path) -> None:
    path = f"{tmp_path}/a/b/c.bin"
    storage.write_atomically(path, b"one")
    storage.write_atomically(path, b"two")
    assert storage.read_bytes(path) == b"two"
    assert os.listdir(tmp_path / "a/b") == ["c.bin"]


def test_names_that_a_uri_would_not_bear(tmp_path: Path) -> None:
    path = f"file:{tmp_path}/arrived=1/100 % of #1?.jsonl"
    storage.write_atomically(path, b"x")
    assert (tmp_path / "arrived=1/100 % of #1?.jsonl").read_bytes() == b"x"
    [info] = storage.list_files(f"file://{tmp_path}")
    assert info.path == "arrived=1/100 % of #1?.jsonl"


def test_relative_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    storage.write_atomically("data/x", b"x")
    assert [(info.path, info.size) for info in storage.list_files("data/")] == [("x", 1)]


def test_listing_is_deep(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/c").write_bytes(b"123")
    [info] = storage.list_files(str(tmp_path))
    assert info == storage.FileInfo("a/b/c", 3)


def test_a_missing_root_holds_nothing(tmp_path: Path) -> None:
    assert list(storage.list_files(f"{tmp_path}/none")) == []


def test_a_stream_is_not_decompressed(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(b"\x1f\x8bnot really")
    with storage.open_input(f"{tmp_path}/x.gz") as stream:
        assert stream.read() == b"\x1f\x8bnot really"


@pytest.mark.parametrize("name", ["missing", "folder"])
def test_what_cannot_be_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(storage.Unreadable, match=name) as caught:
        storage.read_bytes(f"{tmp_path}/{name}")
    assert caught.value.remedy


def test_deleting_twice_is_no_error(tmp_path: Path) -> None:
    storage.write_atomically(f"{tmp_path}/d/x", b"x")
    for _ in range(2):
        storage.delete_file(f"{tmp_path}/d/x")
    assert storage.exists(f"{tmp_path}/d")
    for _ in range(2):
        storage.delete_dir(f"{tmp_path}/d")
    assert not storage.exists(f"{tmp_path}/d")


def test_move_makes_the_targets_folder(tmp_path: Path) -> None:
    storage.write_atomically(f"{tmp_path}/x", b"x")
    storage.move(f"{tmp_path}/x", f"{tmp_path}/new/y")
    assert not storage.exists(f"{tmp_path}/x")
    assert storage.read_bytes(f"{tmp_path}/new/y") == b"x"


@pytest.mark.parametrize(
    ("code", "remedy"), [(errno.ENOSPC, "Free"), (errno.EROFS, "read-only"), (errno.EACCES, "right")]
)
def test_a_failed_write_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, remedy: str
) -> None:
    path = f"{tmp_path}/x"
    storage.write_atomically(path, b"before")

    def fail(_: str) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(storage, "_flush", fail)
    with pytest.raises(SystemFault, match="Cannot write") as caught:
        storage.write_atomically(path, b"after")
    assert remedy in caught.value.remedy
    assert caught.value.exit_code == 5
    assert [info.path for info in storage.list_files(str(tmp_path))] == ["x"]
    assert storage.read_bytes(path) == b"before"


def test_a_file_whose_close_fails_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk may take every byte and say so only when the file is closed."""
    path = f"{tmp_path}/x"
    storage.write_atomically(path, b"before")

    class FullDisk(fs.LocalFileSystem):  # type: ignore[misc]
        @contextmanager
        def open_output_stream(self, path: str, compression: str | None = None) -> Iterator[Any]:
            with super().open_output_stream(path, compression=compression) as stream:
                yield stream
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(fs, "LocalFileSystem", FullDisk)
        with pytest.raises(SystemFault, match="Cannot write"):
            storage.write_atomically(path, b"after")
    assert [info.path for info in storage.list_files(str(tmp_path))] == ["x"]
    assert storage.read_bytes(path) == b"before"
    storage.write_atomically(path, b"after")
    assert storage.read_bytes(path) == b"after", "control: the same write where the close does not fail"


@pytest.mark.parametrize(
    ("root", "local"), [("data", True), ("/data", True), ("file:///data", True), ("s3a://b/x", False)]
)
def test_is_local(root: str, local: bool) -> None:
    assert storage.is_local(root) is local
