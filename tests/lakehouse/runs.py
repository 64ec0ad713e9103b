"""Single tables brought up to date in a lake, with inputs written by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from pyspark.sql import DataFrame

from pipelines.flow import step_of
from pipelines.lakehouse.lake import Lake, any_of
from pipelines.lakehouse.table import Table
from pipelines.run import Outcome, Run
from pipelines.runner import make
from tests.silver.received import SETTINGS


def run_of(lake: Lake, as_of: date) -> Run:
    """A run of a date."""
    return Run(lake, f"run of {as_of}", as_of, SETTINGS.value, lambda _: None)


def written(lake: Lake, table: Table, rows: DataFrame, dates: Iterable[date] | None = None) -> int:
    """Write an input's rows: appended, or in place of those of some dates."""
    parent = lake.ensure(table)
    replace = None if dates is None else any_of(table.scope[0], sorted(dates))
    batch = rows.agg({"batch": "max"}).collect()[0][0] if "batch" in rows.columns else 0
    mark = run_of(lake, date(2024, 1, 1)).mark("refine", contract=table.fingerprint, batch=batch or 0)
    return lake.commit(table, rows, mark, parent=parent, replace=replace)


def made(lake: Lake, name: str, as_of: date) -> Outcome:
    """One table brought up to date."""
    step = step_of(name)
    assert step is not None
    return make(run_of(lake, as_of), step)
