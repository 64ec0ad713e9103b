"""What a task does with sorted records.

One landing file after another, each dropped whole, and its account.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from pipelines.lakehouse.reasons import Reason
from pipelines.lakehouse.types import DATE, LONG, STRING
from pipelines.landing.files import drop
from pipelines.simulate.faults import DUPLICATE, REFUSED
from pipelines.simulate.world import World

TORN, AGAIN = "torn_file", "file_sent_twice"

WRITTEN = (
    StructType()
    .add("source", STRING)
    .add("drop_on", DATE)
    .add("file", STRING)
    .add("position", LONG)
    .add("occurred_on", DATE)
    .add("fault", STRING)
    .add("record_id", STRING)
    .add("fate", STRING)
    .add("reason", STRING)
    .add("records", LONG)
    .add("lines", LONG)
    .add("lines_refused", LONG)
    .add("cents", LONG)
)
"""What a task gives back; `truth_tables.FILES` says what each column means."""


@dataclass(frozen=True)
class Drop:
    """Where the files of one source go.

    Args:
        root: The landing root, as executors see it.
        source: The source.
        world: Of which they are.
        stem: How the files' names begin, before the day.
    """

    root: str
    source: str
    world: World
    stem: str


_ARROW = to_arrow_schema(WRITTEN, timezone="UTC")
_COUNTED = ("records", "lines", "lines_refused", "cents")
_EARLIER, _LATER = timedelta(minutes=-20), timedelta(hours=3)
"""From the drop's own instant to that of a torn file, and of a second copy; the day's books are still open then."""

_LEVEL = 3  # of gzip


def written(batches: Iterator[pa.RecordBatch], into: Drop) -> Iterator[pa.RecordBatch]:
    """Write file after file, as the rows come, and give back what each holds."""
    file: _File | None = None
    for batch in batches:
        for piece in _pieces(batch):
            key = (piece["drop_day"][0].as_py(), piece["part"][0].as_py())
            if file is None or file.key != key:
                if file:
                    yield from file.finished()
                file = _File(into, key, piece["file_fault"][0].as_py())
            file.add(piece)
    if file:
        yield from file.finished()


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The runs of one file each, in a batch that is sorted by file."""
    if not batch.num_rows:
        return
    keys = np.stack([batch["drop_day"].to_numpy(), batch["part"].to_numpy()])
    starts = [0, *(np.flatnonzero((np.diff(keys) != 0).any(axis=0)) + 1).tolist(), batch.num_rows]
    for start, end in pairwise(starts):
        yield batch.slice(start, end - start)


class _File:
    """One landing file at work: packed as it grows, counted as it goes."""

    def __init__(self, into: Drop, key: tuple[int, int], whole_fault: str | None) -> None:
        self.key = key
        self._into, self._fault = into, whole_fault
        self._day, part = key
        self._name = f"{into.stem}-{into.world.on(self._day)}-{part:05d}"
        self._bytes = io.BytesIO()
        self._packed = gzip.GzipFile("", "wb", compresslevel=_LEVEL, fileobj=self._bytes, mtime=0)
        self._records = 0
        self._counts: list[pa.Table] = []
        self._faults: list[pa.Table] = []

    def add(self, piece: pa.RecordBatch) -> None:
        """Append records."""
        lines = piece["line"]
        _, offsets, values = lines.buffers()
        ends = np.frombuffer(offsets, np.int32)[lines.offset : lines.offset + len(lines) + 1]
        self._packed.write(memoryview(values)[ends[0] : ends[-1]])
        table = pa.Table.from_batches([piece]).drop_columns(["line"]).rename_columns({"id": "record_id"})
        places = np.arange(self._records + 1, self._records + len(lines) + 1)
        self._records += len(lines)
        self._counts.append(
            _summed(table.append_column("records", pa.repeat(1, len(lines)).cast(pa.int64())))
        )
        faults = table.drop_columns([*_COUNTED[1:]]).append_column("position", pa.array(places))
        self._faults.append(faults.filter(pc.is_valid(faults["fault"])))

    def finished(self) -> Iterator[pa.RecordBatch]:
        """Drop the file, and what a fault of whole files makes of it; give back what was written."""
        self._packed.close()
        payload, counts = self._bytes.getvalue(), _summed(pa.concat_tables(self._counts))
        yield from self._dropped(timedelta(0), "", payload, counts, pa.concat_tables(self._faults))
        if self._fault == TORN:
            why = {"fate": [REFUSED], "reason": [Reason.FILE_REFUSED.name]}
            nothing = {name: [int(name == "records")] for name in _COUNTED}
            counts = pa.table({"fate": [REFUSED], **nothing})
            yield from self._dropped(
                _EARLIER, "-torn", payload[: len(payload) * 3 // 5], counts, self._as_whole(why)
            )
        if self._fault == AGAIN:
            refused = pc.equal(counts["fate"], REFUSED)
            fate = pc.if_else(refused, REFUSED, DUPLICATE)
            counts = counts.drop_columns(["fate", "cents"]).append_column("fate", fate)
            counts = counts.append_column("cents", pa.repeat(0, len(counts)).cast(pa.int64()))
            yield from self._dropped(
                _LATER, "-again", payload, _summed(counts), self._as_whole({"fate": [DUPLICATE]})
            )

    def _as_whole(self, judged: dict[str, list[str]]) -> pa.Table:
        return pa.table({"position": [0], "fault": [self._fault], **judged})

    def _dropped(
        self, after: timedelta, ending: str, payload: bytes, counts: pa.Table, faults: pa.Table
    ) -> Iterator[pa.RecordBatch]:
        """Drop a file, and give its rows of `WRITTEN`."""
        into = self._into
        when = into.world.drop_of(self._day) + after
        path = drop(into.root, into.source, when, f"{self._name}{ending}.jsonl.gz", payload)
        same = {"source": into.source, "drop_on": into.world.on(self._day), "file": path}
        for rows in (counts, faults):
            columns = [
                pa.repeat(same[field.name], len(rows)).cast(field.type)
                if field.name in same
                else _column(rows, field, into.world)
                for field in _ARROW
            ]
            table = pa.Table.from_arrays(columns, schema=_ARROW)
            yield from table.combine_chunks().to_batches()


def _column(rows: pa.Table, field: pa.Field, world: World) -> pa.ChunkedArray | pa.Array:
    """A field's values; null where the rows have no such column. Days become dates."""
    if field.name not in rows.column_names:
        return pa.nulls(len(rows), field.type)
    if field.name == "occurred_on":
        days = pc.add(rows["occurred_on"], (world.start - date(1970, 1, 1)).days)
        return days.cast(pa.int32()).cast(pa.date32())
    return rows[field.name].cast(field.type)


def _summed(rows: pa.Table) -> pa.Table:
    """The counts by day and fate, in order; a missing day is a group too."""
    keys = [name for name in ("occurred_on", "fate") if name in rows.column_names]
    sums = rows.group_by(keys).aggregate([(name, "sum") for name in _COUNTED])
    return sums.rename_columns([*keys, *_COUNTED]).sort_by([(key, "ascending") for key in keys])
