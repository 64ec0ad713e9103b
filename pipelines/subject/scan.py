"""Every byte under some places, looked at for a person: raw, unpacked where it is packed, and column by column.

A Parquet file's pages are packed, so its values are read, too; what its footer notes of them stands in its raw bytes.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import BinaryIO, cast
from urllib.parse import unquote

import pyarrow.parquet as pq

from pipelines.lakehouse import storage
from pipelines.lakehouse.log import LOG
from pipelines.landing.packing import MAGIC, unpacked
from pipelines.publish import till_feed
from pipelines.subject.traces import Traces

_CHUNK = 16 << 20
_OVERLAP = 4096  # longer than any trace with the name beside it
_ROWS = 65_536
_READERS = 2

AtTills = Callable[[str], frozenset[str]]
"""Of a store, what its tills look the person up by."""


@dataclass(frozen=True)
class Seen:
    """One file that was looked at.

    Args:
        place: The folder that was asked for.
        path: Of the file in it.
        size: Bytes.
        found: Whether the person stands in it.
    """

    place: str
    path: str
    size: int
    found: bool


@dataclass(frozen=True)
class Place:
    """A folder, which may be missing; or of a folder these files alone, which is how a database stands in one."""

    folder: str
    files: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The folder, or the first of the files."""
        return "/".join((self.folder, *self.files[:1]))


def database(file: str) -> Place:
    """A SQLite file, with what SQLite keeps beside it."""
    folder, _, name = os.path.abspath(file).rpartition("/")
    return Place(folder, (name, f"{name}-wal", f"{name}-shm", f"{name}-journal"))


def scan(where: Place, wanted: Traces, at_tills: AtTills) -> Iterator[Seen]:
    """Look at every file of a place."""
    place = where.folder
    found_there = storage.list_files(place)
    files = sorted((i for i in found_there if not where.files or i.path in where.files), key=lambda i: i.path)
    with ThreadPoolExecutor(_READERS) as readers:
        found = readers.map(partial(_holds, place, wanted=wanted, at_tills=at_tills), [f.path for f in files])
        for info, holds in zip(files, found, strict=True):
            yield Seen(place, info.path, info.size, holds)


def wanted_in(path: str, wanted: Traces, at_tills: AtTills) -> Traces:
    """What to look for in a file: a till's feed calls people by hashes of its own."""
    parts = PurePosixPath(path)
    if parts.parent.name != till_feed.FOLDER:
        return wanted
    return wanted.with_words(at_tills(unquote(parts.name.removesuffix(".jsonl.gz"))))


def _holds(place: str, path: str, *, wanted: Traces, at_tills: AtTills) -> bool:
    wanted = wanted_in(path, wanted, at_tills)
    try:
        return _in_bytes(f"{place}/{path}", wanted) or _in_values(f"{place}/{path}", wanted)
    except storage.Unreadable:  # a lock or a journal that went while we looked
        if storage.exists(f"{place}/{path}"):
            raise
        return False


def _in_bytes(file: str, wanted: Traces) -> bool:
    ending = PurePosixPath(file).suffix
    with storage.open_input(file) as stored:
        if _any(stored, file, wanted):
            return True
    if ending in MAGIC:
        with storage.open_input(file) as stored:
            return _any(cast(BinaryIO, unpacked(stored, ending)), file, wanted)
    return False


def _any(stream: BinaryIO, file: str, wanted: Traces) -> bool:
    kept = b""
    while chunk := stream.read(_CHUNK):
        if wanted.in_bytes(kept + chunk, log=_is_log(file)):
            return True
        kept = chunk[-_OVERLAP:]
    return False


def _in_values(file: str, wanted: Traces) -> bool:
    if not file.endswith(".parquet"):
        return False
    with io.BytesIO(storage.read_bytes(file)) as held, pq.ParquetFile(held) as parquet:
        return any(
            wanted.in_batch(batch, log=_is_log(file)).true_count > 0
            for batch in parquet.iter_batches(batch_size=_ROWS)
        )


def _is_log(file: str) -> bool:
    return f"/{LOG}/" in file
