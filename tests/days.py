"""Running the golden shop, and looking at what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession

from pipelines import console, context, flow, stages
from pipelines.bronze import records as bronze
from pipelines.lakehouse import log
from pipelines.lakehouse.lake import path_of
from pipelines.lakehouse.refusal import quarantine_of
from pipelines.lakehouse.table import Facts, History, Journal, Snapshot, Table
from pipelines.settings import Settings

DAYS = (date(2024, 3, 1), date(2024, 3, 2), date(2024, 3, 3))
MADE = tuple(step.table for step in flow.FLOW)
QUARANTINES = tuple(quarantine_of(table) for table in MADE if isinstance(table.write, Facts))
DATA = (*bronze.TABLES.values(), *MADE, *QUARANTINES)
SNAPSHOTS = tuple(table for table in MADE if isinstance(table.write, Snapshot))
HISTORIES = tuple(table for table in MADE if isinstance(table.write, History))
JOURNALS = tuple(table for table in MADE if isinstance(table.write, Journal))
STATES = tuple(table for table in DATA if table not in (*SNAPSHOTS, *HISTORIES, *JOURNALS))
UNTIL_SCORE = ("ingest", "refine", "build", "score")


def run_day(
    spark: SparkSession, settings: Settings, day: date, names: Iterable[str] = UNTIL_SCORE
) -> list[str]:
    """One day's run up to the send list; gives the names of the tables that were written."""
    written: list[str] = []
    with context.within(spark, settings, day, lambda o: written.append(o.table) if o.counts else None) as run:
        for name in names:
            stages.STAGES[name](run)
    return written


class Said(console.Plain):
    """The lines that a living process says."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def rows_of(frame: DataFrame) -> list[str]:
    """Every row as text, in an order of their own: two frames hold the same rows iff these are equal."""
    return sorted(str(row.asDict(recursive=True)) for row in frame.collect())


def contents(
    settings: Settings,
    tables: Iterable[Table] = DATA,
    *,
    without: tuple[str, ...] = (),
    until: date | None = None,
) -> dict[str, list[str]]:
    """What each table holds, less the columns that a rebuild may number otherwise; read without Spark, in a second.

    With `until`, as it stood at the close of that date.
    """
    return {table.name: _rows(path_of(settings.lake.root, table), without, until) for table in tables}


def left_by(settings: Settings, day: date, *, without: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """What a run of a date leaves, whether or not others ran before it.

    The states, the date's snapshots, and the spells that are open.
    """
    left = contents(settings, STATES, without=without)
    for table in SNAPSHOTS:
        left[table.name] = _rows(
            path_of(settings.lake.root, table), without, None, lambda row: row["as_of"] == day
        )
    for table in HISTORIES:
        begins, ends = table.write.begins, table.write.ends
        path = path_of(settings.lake.root, table)
        left[table.name] = _rows(path, (*without, begins), None, lambda row, ends=ends: row[ends] is None)
    return left


def _rows(
    path: str,
    without: tuple[str, ...],
    until: date | None,
    kept: Callable[[dict[str, Any]], bool] = lambda row: True,
) -> list[str]:
    head = log.head(path, until)
    if head is None:
        return []
    rows = filter(kept, DeltaTable(path, version=head.version).to_pyarrow_table().to_pylist())
    return sorted(str({name: value for name, value in row.items() if name not in without}) for row in rows)


def versions(settings: Settings, tables: Iterable[Table] = DATA) -> dict[str, int | None]:
    """The newest version of each table."""
    heads = {table.name: log.head(path_of(settings.lake.root, table)) for table in tables}
    return {name: head.version if head else None for name, head in heads.items()}


def land(settings: Settings, source: str, arrived: str, name: str, text: str) -> Path:
    """Drop one landing file."""
    file = Path(settings.landing.root) / source / f"arrived={arrived}" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file
