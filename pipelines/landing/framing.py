"""From landing files to records: the shape of bronze, one row a record, its bytes as received.

A record is a line that is not blank, without its line end (LF or CRLF); a last line without one counts, a byte
order mark before the first does not. Every file is read to its end before a record of it is given, so that a
file which breaks off gives one row with its fault and no record at all. Memory is bounded by the longest line
allowed, not by the file.

Contacts never leave here: in sources that have them, each is sealed and a token stands in its place.
"""

from __future__ import annotations

import gzip
import io
import os
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import ArrayType, StructType

from pipelines.errors import SettingsError
from pipelines.lakehouse import storage
from pipelines.lakehouse.types import BINARY, LONG, STRING, TIMESTAMP
from pipelines.lakehouse.vault_key import KeyRef
from pipelines.landing.contract import Source
from pipelines.landing.packing import MAGIC, unpacked
from pipelines.landing.sealing import Sealing

SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.zst")
MAX_RECORD_BYTES = 64 << 20
_CHUNK_BYTES = 1 << 20
_BATCH_RECORDS = 8192
_LF, _SPACE = ord("\n"), list(b" \t\n\r\x0b\f")


class FileFault(Enum):
    """Why a whole file was refused."""

    UNKNOWN_FORMAT = "Its name ends neither in .jsonl nor in .jsonl.gz or .jsonl.zst."
    UNREADABLE = "It is gone, is a folder, or may not be read."
    NOT_PACKED = "Its name says .gz or .zst, yet it does not begin as such a file does."
    TORN = "It is compressed, and breaks off or fails its checksum: it was cut or damaged on its way."
    RECORD_TOO_LONG = "One of its lines is longer than 64 MB."


_SEALED = (
    StructType()
    .add("token", STRING)
    .add("kind", STRING)
    .add("key_id", STRING)
    .add("person_key", BINARY)
    .add("sealed", BINARY)
)
FRAMED = (
    StructType()
    .add("source", STRING)
    .add("file", STRING)
    .add("position", LONG)
    .add("batch", LONG)
    .add("arrived_at", TIMESTAMP)
    .add("fault", STRING)
    .add("payload", BINARY)
    .add("sealed", ArrayType(_SEALED))
)
"""Bronze's columns, then the contacts sealed out of the record (null: none)."""

_ARROW = to_arrow_schema(FRAMED, timezone="UTC")


@dataclass(frozen=True)
class Framing:
    """How files of one source become records.

    Args:
        landing_root: What the files' paths are relative to.
        sealing: What to do with contacts; null: the source has none.
        max_record_bytes: A file with a longer line is refused.
    """

    landing_root: str
    sealing: Sealing | None
    max_record_bytes: int = MAX_RECORD_BYTES


def frame(
    files: DataFrame, source: Source, *, landing_root: str, vault_key: KeyRef | None, default_region: str
) -> DataFrame:
    """The records of landing files, as `FRAMED`; an empty file gives none, a refused one a single row.

    Args:
        files: source STRING, file STRING (relative to the root), size LONG, arrived_at TIMESTAMP, batch LONG.
        source: Whose files they are.
        landing_root: Where executors find them.
        vault_key: The key for contacts; may be null for a source without any.
        default_region: Of phone numbers without a country code, such as `US`.

    Raises:
        SettingsError: the source has contacts and there is no key.
    """
    if source.contacts and vault_key is None:
        raise SettingsError(
            f"{source.name} holds contacts ({', '.join(source.contacts)}) and there is no vault key",
            remedy="Set vault.key_file.",
        )
    sealing = Sealing(source.contacts, vault_key, default_region) if source.contacts and vault_key else None
    root = os.path.abspath(landing_root) if "://" not in landing_root else landing_root
    how = Framing(root, sealing)
    # With a number given outright, since adaptive execution would put all these small rows into one task.
    tasks = int(files.sparkSession.conf.get("spark.sql.shuffle.partitions") or 1)

    def records(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return framed(batches, how)

    return files.repartition(tasks).mapInArrow(records, FRAMED)


def framed(batches: Iterable[pa.RecordBatch], how: Framing) -> Iterator[pa.RecordBatch]:
    """The records of the files in `batches`, in the order of the files, as Arrow batches of `FRAMED`.

    A batch holds records of one file: at most 8192 of them, and about 1 MB or one long record.
    """
    for batch in batches:
        for number in range(batch.num_rows):
            yield from _of_file(batch.slice(number, 1), how)


def _of_file(file: pa.RecordBatch, how: Framing) -> Iterator[pa.RecordBatch]:
    path = f"{how.landing_root.rstrip('/')}/{file['file'][0].as_py()}"
    fault = _fault(path, how.max_record_bytes)
    if fault:
        yield _batch(file, [0], pa.nulls(1, pa.binary()), pa.nulls(1, _ARROW.field("sealed").type), fault)
        return
    position = 1
    with _opened(path) as stream:
        for lines in _lines(stream, _CHUNK_BYTES):
            for start in range(0, len(lines), _BATCH_RECORDS):
                records = lines.slice(start, _BATCH_RECORDS)
                sealed = pa.nulls(len(records), _ARROW.field("sealed").type)
                if how.sealing and (doubtful := how.sealing.doubtful(records)):
                    records, sealed = _sealed(records, doubtful, how.sealing)
                yield _batch(file, range(position, position + len(records)), records, sealed, None)
                position += len(records)


def _sealed(records: pa.Array, doubtful: list[int], sealing: Sealing) -> tuple[pa.Array, pa.Array]:
    """The records with each doubtful one sealed, and what was sealed out of them."""
    payloads: list[bytes] = records.to_pylist()
    found: list[list[dict[str, Any]] | None] = [None] * len(payloads)
    for place in doubtful:
        payloads[place], rows = sealing.apply(payloads[place])
        found[place] = [asdict(row) for row in rows] or None
    return pa.array(payloads, pa.binary()), pa.array(found, _ARROW.field("sealed").type)


def _batch(
    file: pa.RecordBatch,
    positions: Iterable[int],
    payloads: pa.Array,
    sealed: pa.Array,
    fault: FileFault | None,
) -> pa.RecordBatch:
    count = len(payloads)
    columns = {
        **{name: pa.repeat(file[name][0], count) for name in ("source", "file", "batch", "arrived_at")},
        "position": pa.array(positions, pa.int64()),
        "fault": pa.repeat(pa.scalar(fault and fault.name, pa.string()), count),
        "payload": payloads,
        "sealed": sealed,
    }
    ordered = [columns[field.name].cast(field.type) for field in _ARROW]
    return pa.RecordBatch.from_arrays(ordered, schema=_ARROW)


def _fault(path: str, max_record_bytes: int) -> FileFault | None:
    """Read a file to its end and say what is wrong with it as a whole; null: every record can be given."""
    if not path.endswith(SUFFIXES):
        return FileFault.UNKNOWN_FORMAT
    try:
        with _opened(path) as stream:
            length = 0
            while chunk := stream.read(min(_CHUNK_BYTES, max_record_bytes)):
                first, last = chunk.find(b"\n"), chunk.rfind(b"\n")
                if length + (len(chunk) if first < 0 else first) > max_record_bytes:
                    return FileFault.RECORD_TOO_LONG
                length = len(chunk) - last - 1 if last >= 0 else length + len(chunk)
    except storage.Unreadable:
        return FileFault.UNREADABLE
    except _NotPacked:
        return FileFault.NOT_PACKED
    except (EOFError, gzip.BadGzipFile, zlib.error):
        return FileFault.TORN
    return None


class _NotPacked(Exception):
    """The first bytes are not those of the packing that the name says."""


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    """The file's bytes, decompressed."""
    with io.BufferedReader(cast(io.RawIOBase, storage.open_input(path))) as stored:
        ending = PurePosixPath(path).suffix
        magic = MAGIC.get(ending, b"")
        begins = stored.peek(len(magic))[: len(magic)]
        if not magic.startswith(begins):
            raise _NotPacked
        if len(begins) < len(magic):
            raise EOFError  # which neither raises for a file of no bytes
        yield cast(BinaryIO, unpacked(cast(BinaryIO, stored), ending))


def _lines(stream: BinaryIO, chunk_bytes: int) -> Iterator[pa.Array]:
    """The lines that are not blank, without their ends and the byte order mark of the file, some at a time."""
    begun = [stream.read(len(BOM_UTF8)).removeprefix(BOM_UTF8)]
    while chunk := stream.read(chunk_bytes):
        if (last := chunk.rfind(b"\n") + 1) == 0:
            begun.append(chunk)
            continue
        yield _records(b"".join([*begun, chunk[:last]]))
        begun = [chunk[last:]]
    if rest := b"".join(begun):
        yield _records(rest + b"\n")


def _records(block: bytes) -> pa.Array:
    """The records of whole lines.

    Where each line ends in LF alone and begins with something, as nearly always, the records are the block without
    its line ends, and numpy finds where each begins; any other block is split line by line.
    """
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == _LF)
    starts = np.concatenate([[0], ends[:-1] + 1])
    if b"\r" in block or np.isin(np.frombuffer(block, np.uint8)[starts], _SPACE).any():
        lines = block.split(b"\n")
        return pa.array([x.removesuffix(b"\r") for x in lines if x and not x.isspace()], pa.binary())
    places = np.concatenate([[0], ends - np.arange(len(ends))]).astype(np.int32)
    buffers = [None, pa.py_buffer(places), pa.py_buffer(block.translate(None, b"\n"))]
    return pa.Array.from_buffers(pa.binary(), len(ends), buffers)
