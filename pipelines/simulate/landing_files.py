"""What a task does with the records of one landing file.

They are put in order, packed, dropped whole, and accounted for.
"""

from __future__ import annotations

import gzip
import io
from dataclasses import dataclass
from datetime import date, timedelta

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
_ORDER = ("at", "id", "copy")
_COUNTED = ("records", "lines", "lines_refused", "cents")
_EARLIER, _LATER = timedelta(minutes=-20), timedelta(hours=3)
"""From the drop's own instant to that of a torn file, and of a second copy; the day's books are still open then."""

_LEVEL = 3  # of gzip


def written(records: pa.Table, into: Drop) -> pa.Table:
    """Write the file of these records, whatever their order, and give back what lies there, as `WRITTEN`.

    Beside it, what a fault of whole files makes of it: a second copy, or a torn one that came before.
    """
    rows = records.sort_by([(name, "ascending") for name in _ORDER])
    file = _File(into, rows["drop_day"][0].as_py(), rows["part"][0].as_py(), rows["file_fault"][0].as_py())
    payload = _packed(rows["line"])
    places = pa.array(np.arange(1, len(rows) + 1))
    told = rows.drop_columns(["line"]).rename_columns({"id": "record_id"})
    told = told.append_column("position", places).append_column("records", pa.array(np.ones_like(places)))
    counts, faults = _summed(told), told.filter(pc.is_valid(told["fault"])).drop_columns([*_COUNTED])
    found = [file.dropped(timedelta(0), "", payload, counts, faults)]
    if file.fault == TORN:
        nothing = {name: [int(name == "records")] for name in _COUNTED}
        whole = file.as_whole(fate=REFUSED, reason=Reason.FILE_REFUSED.name)
        cut = payload[: len(payload) * 3 // 5]
        found.append(file.dropped(_EARLIER, "-torn", cut, pa.table({"fate": [REFUSED], **nothing}), whole))
    if file.fault == AGAIN:
        fate = pc.if_else(pc.equal(counts["fate"], REFUSED), REFUSED, DUPLICATE)
        counts = counts.drop_columns(["fate", "cents"]).append_column("fate", fate)
        counts = counts.append_column("cents", pa.repeat(0, len(counts)).cast(pa.int64()))
        whole = file.as_whole(fate=DUPLICATE)
        found.append(file.dropped(_LATER, "-again", payload, _summed(counts), whole))
    return pa.concat_tables(found)


def _packed(lines: pa.ChunkedArray) -> bytes:
    """The lines as a file's bytes, which depend on nothing else: gzip's header has no time in it."""
    packed = io.BytesIO()
    with gzip.GzipFile("", "wb", compresslevel=_LEVEL, fileobj=packed, mtime=0) as stream:
        stream.write(b"".join(lines.to_pylist()))
    return packed.getvalue()


@dataclass(frozen=True)
class _File:
    """One landing file: whose it is, its day and part, and the fault that it suffers as a whole (null: none)."""

    into: Drop
    day: int
    part: int
    fault: str | None

    def as_whole(self, **judged: str) -> pa.Table:
        """The fault's own row."""
        return pa.table({"position": [0], "fault": [self.fault], **{k: [v] for k, v in judged.items()}})

    def dropped(
        self, after: timedelta, ending: str, payload: bytes, counts: pa.Table, faults: pa.Table
    ) -> pa.Table:
        """Drop it, so long after its day's books are closed, and give its rows of `WRITTEN`."""
        into, on = self.into, self.into.world.on(self.day)
        name = f"{into.stem}-{on}-{self.part:05d}{ending}.jsonl.gz"
        path = drop(into.root, into.source, into.world.drop_of(self.day) + after, name, payload)
        same = {"source": into.source, "drop_on": on, "file": path}
        tables = []
        for rows in (counts, faults):
            columns = [
                pa.repeat(same[field.name], len(rows)).cast(field.type)
                if field.name in same
                else _column(rows, field, into.world)
                for field in _ARROW
            ]
            tables.append(pa.Table.from_arrays(columns, schema=_ARROW))
        return pa.concat_tables(tables)


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
