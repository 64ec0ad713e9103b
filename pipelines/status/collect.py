"""The facts of `tillpost status`, read from `audit.runs`, the commits and the releases; starts no engine.

A stage's duration is the wall clock from the start of its first step that wrote to its last commit, so what a stage
spent on tables that it left alone is not in it. What is usual is the median of the runs before, at most thirty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from pipelines import query
from pipelines.calc.time import books_open
from pipelines.catalog import TABLES
from pipelines.lakehouse import log
from pipelines.lakehouse.lake import path_of
from pipelines.publish import releases

SLOW = 2.0  # times the usual duration that is worth a look
SLOW_SECONDS = 60  # and so much longer at least, since small runs vary by more than they last
REFUSED_SHARE = 0.01  # of the rows received that is worth a look

_STAGES = """
    WITH steps AS (
      SELECT stage, run_id, max(as_of) AS as_of, max(committed_at) AS ended,
             epoch(max(committed_at) - min(committed_at - seconds * INTERVAL 1 SECOND)) AS seconds,
             count(*) AS tables, sum(received) AS received, sum(accepted) AS accepted, sum(refused) AS refused,
             sum(duplicates) AS duplicates
      FROM audit.runs GROUP BY stage, run_id),
    ranked AS (SELECT *, row_number() OVER (PARTITION BY stage ORDER BY ended DESC, run_id DESC) AS ago FROM steps),
    usual AS (SELECT stage, median(seconds) AS usual FROM ranked WHERE ago BETWEEN 2 AND 31 GROUP BY stage)
    SELECT stage, run_id, as_of, ended, seconds, usual, tables::BIGINT AS tables, received::BIGINT AS received,
           accepted::BIGINT AS accepted, refused::BIGINT AS refused, duplicates::BIGINT AS duplicates
    FROM ranked LEFT JOIN usual USING (stage) WHERE ago = 1 ORDER BY ended, stage
"""


_REFUSALS = """
    WITH refused AS ({}), newest AS (SELECT max(batch) AS batch FROM bronze.files)
    SELECT "table", reason['column'] AS "column", any_value(reason['sentence']) AS sentence, count(*)::BIGINT AS rows,
           (count(*) FILTER (refused.batch = newest.batch))::BIGINT AS newest
    FROM refused, newest GROUP BY "table", reason['code'], reason['column'] ORDER BY 5 DESC, 4 DESC, 1, 2, 3 LIMIT {}
"""
SHOWN = 20
"""So many reasons of refusals, those of the newest batch first."""


@dataclass(frozen=True)
class Refusal:
    """One reason for which rows of a quarantine were refused; a row with two reasons counts for both.

    Args:
        table: The quarantine.
        column: The column to look at.
        sentence: The reason, for a person.
        rows: How many rows.
        newest: How many of them came with the newest batch of landing files.
    """

    table: str
    column: str
    sentence: str
    rows: int
    newest: int


@dataclass(frozen=True)
class Stage:
    """The last run of a stage that wrote something.

    Args:
        stage: Its name.
        run_id: Of the run.
        as_of: The business date that it closed.
        ended: Its last commit (UTC).
        seconds: How long it took.
        usual: The median of the runs before; null where there were none.
        tables: Commits it made.
        received: Rows that its builds gave; accepted, refused and duplicates add up to it.
        accepted: Rows of them that stand.
        refused: Rows of them in quarantine.
        duplicates: Rows of them that lost to another record of the same fact.
    """

    stage: str
    run_id: str
    as_of: date
    ended: datetime
    seconds: float
    usual: float | None
    tables: int
    received: int
    accepted: int
    refused: int
    duplicates: int

    @property
    def slow(self) -> bool:
        """Whether it took much longer than usual."""
        return self.usual is not None and self.seconds > max(SLOW * self.usual, self.usual + SLOW_SECONDS)


@dataclass(frozen=True)
class Status:
    """How a lake is.

    Args:
        root: The lake.
        at: When it was looked at (UTC).
        due: The last business date whose books have closed by then.
        stages: The last run of each, in the order in which they ended.
        tables: Every table that was ever written.
        models: The label of each model that gold's tables were scored with, by name.
        release: The id that `latest` names; empty: none.
        released: The business date of that release; null: none.
        refusals: Why rows stand in quarantine.
    """

    root: str
    at: datetime
    due: date
    stages: Sequence[Stage]
    tables: Sequence[query.Listed]
    models: dict[str, str]
    release: str
    released: date | None
    refusals: Sequence[Refusal] = ()

    @property
    def next_steps(self) -> list[str]:
        """What somebody should do now, the most pressing first; empty: nothing."""
        return [*self._behind(), *self._odd()]

    def _behind(self) -> list[str]:
        if self.released is None:
            newest = max((stage.as_of for stage in self.stages), default=self.due)
            return [f"Nothing was ever released: tillpost run --as-of {newest}"]
        if self.released < self.due:
            first, days = self.released + timedelta(days=1), (self.due - self.released).days
            until = "" if days == 1 else f" --until {self.due}"
            said = "1 day is" if days == 1 else f"{days} days are"
            return [f"{said} not released: tillpost run --as-of {first}{until}"]
        return []

    def _odd(self) -> list[str]:
        said = [
            f"{s.stage} took {s.seconds:.0f} s, usually {s.usual:.0f} s: see tillpost sql "
            f"\"select * from audit.runs where run_id = '{s.run_id}' order by seconds desc\""
            for s in self.stages
            if s.slow
        ]
        said += [
            f"{s.stage} refused {s.refused:,} of {s.received:,} rows: tillpost tables lists the quarantine, "
            "and each row there says why"
            for s in self.stages
            if s.refused > REFUSED_SHARE * s.received
        ]
        if self.models and set(self.models.values()) == {"none"}:
            said.append(f"No model is in use: tillpost train --as-of {self.released or self.due}")
        return said


def collect(root: str, at: datetime, *, time_zone: str, close_hour: int) -> Status:
    """Look at a lake.

    Args:
        root: The lake.
        at: The present (UTC).
        time_zone: Of the business day.
        close_hour: At which its books close.

    Raises:
        SystemFault: there is no lake.
    """
    tables = [line for line in query.listing(root) if line.version is not None]
    stages = [Stage(**row) for row in query.select(root, _STAGES).to_pylist()]
    release = releases.latest(path_of(root, releases.TABLE))
    named = query.select(root, f"SELECT release_id, as_of FROM {releases.TABLE.name}").to_pylist()
    released = {row["release_id"]: row["as_of"] for row in named}.get(release)
    due = books_open(at, time_zone, close_hour) - timedelta(days=1)
    refusals = _refusals(root, [line.name for line in tables if line.rows])
    return Status(root, at.astimezone(UTC), due, stages, tables, _models(root), release, released, refusals)


def _refusals(root: str, tables: Sequence[str]) -> list[Refusal]:
    """Why rows stand in those of the tables that are quarantines."""
    each = [
        f"SELECT '{name}' AS \"table\", unnest(reasons) AS reason, batch FROM {name}"
        for name in tables
        if name.startswith("quarantine.")
    ]
    if not each:
        return []
    return [
        Refusal(**row)
        for row in query.select(root, _REFUSALS.format(" UNION ALL ".join(each), SHOWN)).to_pylist()
    ]


def _models(root: str) -> dict[str, str]:
    """Of each model that a table was scored with, the version, as the newest commit says."""
    heads = [log.head(path_of(root, table)) for table in TABLES if table.models]
    return {name: label for head in heads if head and head.mark for name, label in head.mark.models.items()}
