"""What one run is, and what becomes of each of its tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from pyspark.sql import DataFrame

from pipelines.incremental import Asked
from pipelines.lakehouse import log
from pipelines.lakehouse.lake import Lake, is_date_scope
from pipelines.lakehouse.mark import Counts, Mark, code_version
from pipelines.lakehouse.table import Table
from pipelines.replay import Replay

Champion = Callable[
    [str], Any
]  # the model's name -> what `build` takes, with a `label`; null without a champion


@dataclass(frozen=True)
class Run:
    """What one run is: its lake, its name, its date, and where values and models come from.

    `replay` is there for a past date only; `decided_at` where continuous mode decides in the middle of the date. With
    `forgets` the change feeds up to this run are about to be deleted, so a table says how far it has read them even
    where nothing touched it.
    """

    lake: Lake
    run_id: str
    as_of: date
    value: Callable[[str], Any]
    champion: Champion
    replay: Replay | None = None
    decided_at: datetime | None = None
    asked: Asked = field(default_factory=Asked)
    forgets: bool = False

    def values(self, table: Table) -> dict[str, Any]:
        """The keywords of the table's build: settings and champions."""
        params = {path.rsplit(".", 1)[-1]: self.value(path) for path in table.params}
        return params | {name: self.champion(name) for name in table.models}

    def mark(self, stage: str, **facts: Any) -> Mark:
        """A watermark of this run."""
        blank = {"contract": "", "settings": "", "code": code_version()}
        return Mark(
            run=self.run_id, stage=stage, as_of=self.as_of, started_at=datetime.now(UTC), **{**blank, **facts}
        )


@dataclass(frozen=True)
class Outcome:
    """What became of one table.

    `version` is its newest, `ABSENT` where nothing that it is made of ever arrived; `counts` is null where it
    was left alone.
    """

    table: str
    version: int
    counts: Counts | None
    seconds: float
    scope: str


def counted(lake: Lake, table: Table) -> Counts:
    """The rows of the table's newest commit, all of them taken."""
    written = next(log.commits(lake.path(table))).rows or 0
    return Counts(received=written, accepted=written)


FEW_DATES = 3


def by_date(table: Table, rows: DataFrame, values: tuple[Any, ...] | None) -> DataFrame:
    """Rows to write, those of many dates in their order, so that who asks for a few dates is spared the rest.

    Args:
        table: What is written; one whose scope is no date is as good in any order.
        rows: Of it.
        values: The scope values that are written; null: all.
    """
    many = is_date_scope(table) and (values is None or len(values) > FEW_DATES)
    return rows.sortWithinPartitions(*table.scope) if many else rows


def scope_said(table: Table, values: tuple[Any, ...] | None) -> str:
    """How much of a table was written, for a person; null: all of it."""
    return "rebuilt" if values is None else f"{len(values)} x {table.scope[0]}"
