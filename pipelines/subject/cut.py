"""A person cut out of a file that left the lake: a list, a feed, a preview, a model's factors.

Of lines and of rows hers go, and the others stay as they are. What cannot be cut, such as a page, a picture or a mail,
is deleted.
"""

from __future__ import annotations

import gzip
import io
from pathlib import PurePosixPath
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.lakehouse import storage
from pipelines.subject.traces import Traces

Cut = Literal["cut", "deleted"]
_LINES = (".jsonl", ".csv", ".jsonl.gz", ".csv.gz")


def cut(file: str, wanted: Traces) -> Cut:
    """Leave nothing of a person in a file in which they were found."""
    if file.endswith(_LINES):
        return _put(file, _lines(file, wanted))
    if PurePosixPath(file).suffix == ".parquet":
        return _put(file, _rows(file, wanted))
    storage.delete_file(file)
    return "deleted"


def _put(file: str, data: bytes) -> Cut:
    storage.write_atomically(file, data)
    return "cut"


def _lines(file: str, wanted: Traces) -> bytes:
    data = storage.read_bytes(file)
    packed = file.endswith(".gz")
    lines = (gzip.decompress(data) if packed else data).splitlines(keepends=True)
    kept = b"".join(line for line in lines if not wanted.in_bytes(line))
    return gzip.compress(kept, mtime=0) if packed else kept


def _rows(file: str, wanted: Traces) -> bytes:
    table, out = pq.read_table(pa.BufferReader(storage.read_bytes(file))), io.BytesIO()
    kept = [batch.filter(pc.invert(wanted.in_batch(batch))) for batch in table.to_batches()]
    pq.write_table(pa.Table.from_batches(kept, table.schema), out)
    return out.getvalue()
