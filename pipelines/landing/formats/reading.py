"""Vendors' files, read as a stream: JSON arrays, JSON Lines, CSV and Parquet; plain, `.gz` or `.zst`.

Memory is bounded by one record (8 MB at most), never by the file. What cannot be read is given as `Unread`,
in its place and as received; nothing is passed over. A number with a fraction is given as the text of its
digits, since a float may not hold them.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, cast

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.errors import DataError
from pipelines.lakehouse import storage
from pipelines.landing.packing import unpacked

MAX_RECORD_BYTES = 8 << 20  # written as JSON six times that at most, which a landing file's line may be
BOM = b"\xef\xbb\xbf"

_CHUNK_BYTES = 1 << 20
_PARQUET_ROWS = 512

Fields: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Unread:
    """A record that could not be read, as received; a byte that is no UTF-8 is written as a backslash, x and hex."""

    raw: str


def suffix(path: Path) -> str:
    """What the file's name says it holds, in lower case and without its packing: `.json` of `a.JSON.gz`.

    >>> suffix(Path("events.jsonl.zst")), suffix(Path("events_20240301")), suffix(Path("a.gz"))
    ('.jsonl', '', '')
    """
    name = path.name.lower()
    return Path(name.removesuffix(".gz").removesuffix(".zst")).suffix


def stem(path: Path) -> str:
    """The file's name without endings, as a landing file may be called.

    >>> stem(Path("my events.csv.gz"))
    'my_events'
    """
    return re.sub(r"[^\w-]", "_", path.name.split(".")[0] or "file")


@contextmanager
def opened(path: Path) -> Iterator[io.BufferedReader]:
    """The file's bytes, unpacked, without a byte order mark."""
    with io.BufferedReader(cast(io.RawIOBase, storage.open_input(str(path)))) as stored:
        stream = unpacked(cast(BinaryIO, stored), path.suffix.lower())
        reader: io.BufferedReader = io.BufferedReader(cast(io.RawIOBase, stream), _CHUNK_BYTES)
        if reader.peek(len(BOM)).startswith(BOM):
            reader.read(len(BOM))
        yield reader


def digest(path: Path) -> str:
    """Eight hex digits of the file's unpacked contents, for which it is read to its end.

    Raises:
        DataError: it breaks off, is damaged, or is not what its name says; nothing of it should land.
    """
    found = hashlib.sha256()
    try:
        with opened(path) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                found.update(chunk)
        if suffix(path) == ".parquet":
            pq.ParquetFile(path).close()
    except (EOFError, zlib.error, pa.ArrowException, OSError) as error:
        raise DataError(
            f"{path} cannot be read to its end: {error}",
            remedy="Fetch it from the vendor again; nothing of it was landed.",
        ) from error
    return found.hexdigest()[:8]


def lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines with their ends; one longer than a record may be comes in pieces."""
    while line := stream.readline(MAX_RECORD_BYTES):
        yield line


def decoded(raw: bytes) -> Any:
    """The value of one JSON text, or `Unread`."""
    try:
        return json.loads(raw.decode("utf-8"), parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return unread(raw)


def unread(raw: bytes) -> Unread:
    """What was received, as text that any JSON may hold."""
    return Unread(raw.strip().decode("utf-8", "backslashreplace"))


def parquet_records(path: Path) -> Iterator[Fields]:
    """The rows of a Parquet file, some at a time, as the same export in JSON would have them."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_PARQUET_ROWS):
            for row in batch.to_pylist():
                yield plain(row)


def plain(value: Any) -> Any:
    """A Parquet value as JSON has it: no nulls in objects, fractions as text, lists without their wrapping.

    >>> plain({"a": 1, "b": None, "c": {"list": [{"element": {"d": 0.5}}]}})
    {'a': 1, 'c': [{'d': '0.5'}]}
    """
    match value:
        case {"list": list(wrapped), **rest} if not rest:
            return [plain(each.get("element", each) if isinstance(each, dict) else each) for each in wrapped]
        case dict():
            return {name: plain(inner) for name, inner in value.items() if inner is not None}
        case list():
            return [plain(inner) for inner in value]
        case float() | Decimal():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case bytes():
            return value.decode("utf-8", "backslashreplace")
        case _:
            return value
