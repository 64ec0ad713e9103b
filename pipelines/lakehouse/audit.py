"""One row per commit of a run: what was read, what came of each row, and which version holds the result.

A projection of the commits, which carry all of it; delete the table and the next run writes it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from pyspark.sql.types import MapType

from pipelines.lakehouse import log
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.mark import Mark
from pipelines.lakehouse.table import Append, Col, Table
from pipelines.lakehouse.types import BOOLEAN, DATE, DOUBLE, LONG, STRING, TIMESTAMP

Row = tuple[object, ...]

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

    Where a table was restored, or dropped and made anew, its rows are written again: of the commits that stand.
    """
    head = lake.head(TABLE)
    before = head.mark if head and head.mark else mark
    audited, heads = dict(before.audited), {table.name: lake.head(table) for table in tables}
    origins = {name: head.mark.origin for name, head in heads.items() if head and head.mark}
    mark = mark.model_copy(update={"contract": TABLE.fingerprint, "origins": {**before.origins, **origins}})
    turned_back = {
        table.name: since
        for table in tables
        if (since := _turned_back(lake, table, before, origins.get(table.name))) is not None
    }
    if turned_back:
        audited |= turned_back
        undone = (f"(table = '{name}' AND output_version > {since})" for name, since in turned_back.items())
        anew = [table for table in tables if table.name in turned_back]
        _write(lake, list(_rows(lake, anew, audited)), mark, audited, replace=" OR ".join(undone))
    if rows := list(_rows(lake, tables, audited)):
        _write(lake, rows, mark, audited, replace=None)


def _turned_back(lake: Lake, table: Table, before: Mark, origin: str | None) -> int | None:
    """The last version of a table that its log does not tell of, where the rows above it are to be written again."""
    audited, known = before.audited.get(table.name), before.origins.get(table.name)
    if audited is None or origin is None:
        return None
    if known not in (None, origin):
        return -1
    restored = any(commit.restored is not None for commit in log.commits(lake.path(table), since=audited))
    return min(commit.version for commit in log.commits(lake.path(table))) - 1 if restored else None


def _write(
    lake: Lake, rows: Sequence[Row], mark: Mark, audited: dict[str, int], *, replace: str | None
) -> None:
    frame = lake.spark.createDataFrame(rows, TABLE.schema)
    marked = mark.model_copy(update={"audited": dict(audited)})
    lake.commit(TABLE, frame, marked, parent=lake.ensure(TABLE), replace=replace)


def _rows(lake: Lake, tables: Sequence[Table], audited: dict[str, int]) -> Iterable[Row]:
    """The commits that stand after those audited, table by table; moves `audited` on."""
    for table in tables:
        since = audited.get(table.name, -1)
        commits = list(log.standing(lake.path(table), since=since))
        audited[table.name] = next((c.version for c in log.commits(lake.path(table), since=since)), since)
        yield from (_row(table, commit, commit.mark) for commit in reversed(commits) if commit.mark)


def _row(table: Table, commit: log.Commit, mark: Mark) -> Row:
    made = datetime.fromtimestamp(commit.timestamp_ms / 1000, tz=UTC)
    counts = mark.counts
    if isinstance(table.write, Append) or not counts.received:
        written = commit.rows or 0
        counts = counts.model_copy(update={"received": written + counts.refused, "accepted": written})
    return (
        mark.run,
        mark.stage,
        table.name,
        mark.as_of,
        mark.inputs,
        mark.rebuilt,
        counts.received,
        counts.accepted,
        counts.refused,
        counts.duplicates,
        counts.superseded,
        commit.version,
        max(0.0, (made - mark.started_at).total_seconds()),
        mark.code,
        made,
    )
