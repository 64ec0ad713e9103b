"""What was known at an earlier close: every table built again from the records that had arrived by then,
without writing any.

A run for a past date reads its inputs from here, so its dated partitions hold what that day's own run would
have written, and no table that describes the present is touched. It is the same pure builds over fewer
records, which makes it the plainest statement of what a rebuild is.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.flow import Step, step_of
from pipelines.lakehouse.facts import account_of, losers_of, settle
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.refusal import judge
from pipelines.lakehouse.table import Facts, History, Journal, Table


@dataclass
class Replay:
    """Tables as of one close of the books; each is built once and kept while the replay lasts."""

    lake: Lake
    as_of: date
    close: datetime
    values: Callable[[Table], dict[str, Any]]
    _built: dict[str, DataFrame] = field(default_factory=dict)
    _holding: ExitStack = field(default_factory=ExitStack)

    def frame(self, table: Table) -> DataFrame:
        """The rows that the table had, or would have had, at the close."""
        if table.name not in self._built:
            step = step_of(table.name)
            arrived = F.col("arrived_at") < F.lit(self.close)
            rows = self.lake.read(table).where(arrived) if step is None else self._build(step)
            self._built[table.name] = rows if step is None else self._held(rows)
        return self._built[table.name]

    def _build(self, step: Step) -> DataFrame:
        table = step.table
        inputs = [self.frame(read.table) for read in table.reads]
        dated = isinstance(table.write, History | Journal)
        standing = {"standing": self.lake.read(table)} if dated else {}
        rows = step.build(*inputs, as_of=self.as_of, **self.values(table), **standing)
        if not isinstance(table.write, Facts):
            return rows
        flagged = self._held(judge(rows, table))
        nothing = flagged.select(*table.names).limit(0)
        losers = self._held(losers_of(table, flagged, nothing))
        return settle(table, flagged, nothing, account_of(table, flagged, max_keys=0), losers).rows

    def _held(self, rows: DataFrame) -> DataFrame:
        return self._holding.enter_context(self.lake.store.held(rows))

    def forget(self) -> None:
        """Free what was kept."""
        self._holding.close()
        self._built.clear()
