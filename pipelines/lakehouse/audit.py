"""One row per commit of a run: what was read, what came of each row, and which version holds the result.

A projection of the commits, which carry all of it; delete the table and the next run writes it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from pyspark.sql.types import MapType

from pipelines.lakehouse import log
from pipelines.lakehouse.lake import Lake, any_of
from pipelines.lakehouse.mark import Mark
from pipelines.lakehouse.table import Append, Col, Table
from pipelines.lakehouse.types import BOOLEAN, DATE, DOUBLE, LONG, STRING, TIMESTAMP

TABLE = Table(
    name="audit.runs",
    doc=__doc__,
    key=("table", "output_version"),
    columns=(
        Col("run_id", STRING, "The run that made the commit", nullable=False),
        Col("stage", STRING, "The stage of the flow", nullable=False),
        Col("table", STRING, "What was written", nullable=False),
        Col("as_of", DATE, "The business date that was closed", nullable=False),
        Col(
            "input_versions", MapType(STRING, LONG), "The version of each table that was read", nullable=False
        ),
        Col(
            "rebuilt",
            BOOLEAN,
            "True: the counts are those of everything from the start, not of what was new",
            nullable=False,
        ),
        Col("received", LONG, "Rows that the build gave", nullable=False),
        Col("accepted", LONG, "Rows of them in the table", nullable=False),
        Col("refused", LONG, "Rows of them in quarantine", nullable=False),
        Col("duplicates", LONG, "Rows of them that lost to another record of the same fact", nullable=False),
        Col("superseded", LONG, "Rows that stood before and lost to a record of this commit", nullable=False),
        Col("output_version", LONG, "The version that the commit made", nullable=False),
        Col("seconds", DOUBLE, "From the start of the step to the commit", nullable=False),
        Col("code_version", STRING, "12 hex digits of the package's source", nullable=False),
        Col("committed_at", TIMESTAMP, "The machine's clock at the commit (UTC)", nullable=False),
    ),
    write=Append(),
)


def record(lake: Lake, tables: Sequence[Table], mark: Mark) -> None:
    """Append the commits of `tables` that `audit.runs` does not have yet; nothing when there are none.

    Versions of a table that was dropped and made anew begin again: its rows give way to those of the new one.
    """
    standing = lake.head(TABLE)
    audited = dict(standing.mark.audited) if standing and standing.mark else {}
    heads = {table.name: lake.head(table) for table in tables}
    origins = {name: head.mark.origin for name, head in heads.items() if head and head.mark}
    marked = mark.model_copy(update={"contract": TABLE.fingerprint, "origins": origins})
    if standing and standing.mark:
        anew = sorted(
            name for name, origin in standing.mark.origins.items() if origins.get(name, origin) != origin
        )
        if anew:
            audited = {name: version for name, version in audited.items() if name not in anew}
            _write(
                lake, [t for t in tables if t.name in anew], marked, audited, replace=any_of("table", anew)
            )
    _write(lake, tables, marked, audited, replace=None)


def _write(
    lake: Lake, tables: Sequence[Table], mark: Mark, audited: dict[str, int], *, replace: str | None
) -> None:
    rows = [row for table in tables for row in _rows(lake, table, audited)]
    if rows:
        frame = lake.spark.createDataFrame(rows, TABLE.schema)
        marked = mark.model_copy(update={"audited": dict(audited)})
        lake.commit(TABLE, frame, marked, parent=lake.ensure(TABLE), replace=replace)


def _rows(lake: Lake, table: Table, audited: dict[str, int]) -> Iterable[tuple[object, ...]]:
    for commit in reversed(list(log.commits(lake.path(table), since=audited.get(table.name, -1)))):
        audited[table.name] = commit.version
        if commit.mark is None:
            continue
        made = datetime.fromtimestamp(commit.timestamp_ms / 1000, tz=UTC)
        counts = commit.mark.counts
        if isinstance(table.write, Append) or not counts.received:
            written = commit.rows or 0
            counts = counts.model_copy(update={"received": written + counts.refused, "accepted": written})
        yield (
            commit.mark.run,
            commit.mark.stage,
            table.name,
            commit.mark.as_of,
            commit.mark.inputs,
            commit.mark.rebuilt,
            counts.received,
            counts.accepted,
            counts.refused,
            counts.duplicates,
            counts.superseded,
            commit.version,
            max(0.0, (made - commit.mark.started_at).total_seconds()),
            commit.mark.code,
            made,
        )
