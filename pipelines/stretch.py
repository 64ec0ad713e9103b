"""Rows that go on into later dates: which of them does something on a date touch, and what do they need?

A session that crosses midnight stands on its first date, and an event of any of its dates may lengthen it, join
it to another, or break it in two. The rows themselves say how far they reach (`Stretch`), so both questions are
asked of the table alone, and the file statistics of its dates keep the answers cheap.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import reduce
from operator import or_

from pyspark.sql import functions as F

from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.table import Stretch, Table

_DAY = timedelta(days=1)
_MANY_RUNS = 200  # of dates apart from each other: more than one question to the lake should hold


def touched_rows(lake: Lake, table: Table, dates: Sequence[date]) -> tuple[date, ...] | None:
    """The scope's dates of the rows that something on `dates` may begin, join or break; null: too many to say.

    A standing row that may be joined or broken is touched where it begins. What is cut off from it goes on as
    a row of its own, which begins on the next date at the latest. No other row can change: one that now reaches
    further does so through what happened on `dates`, and through rows that stand beside it.
    """
    stretch, (scope,), runs = _stretch(table), table.scope, _runs(dates)
    if len(runs) > _MANY_RUNS:
        return None
    begun, until = F.col(scope), F.col(stretch.until)
    met = [(F.col(stretch.opens) <= F.lit(b)) & (F.col(stretch.closes) >= F.lit(a)) for a, b in runs]
    rest = [
        F.when(meets & (until > F.lit(b)), F.lit(b + _DAY)) for meets, (_, b) in zip(met, runs, strict=True)
    ]
    near = lake.read(table).where(reduce(or_, met)).select(F.explode(F.array(begun, *rest)).alias(scope))
    found = near.where(begun.isNotNull()).distinct().collect()  # dates
    return tuple(sorted({*dates, *(row[0] for row in found)}))


def needed_dates(lake: Lake, table: Table, touched: Sequence[date]) -> tuple[date, ...]:
    """The dates whose inputs the rows that begin on `touched` are made of.

    Each date, the day before it, which tells whether its first event goes on with a row of that day, and those
    to the end of each standing row that begins on it.
    """
    stretch, (scope,) = _stretch(table), table.scope
    rows = lake.read(table).where(F.col(scope).isin(list(touched)))
    needed = {*touched, *(each - _DAY for each in touched)}
    for first, last in rows.groupBy(scope).agg(F.max(stretch.until)).collect():  # a row a date
        needed |= {first + n * _DAY for n in range((last - first).days + 1)}
    return tuple(sorted(needed))


def _stretch(table: Table) -> Stretch:
    if table.stretch is None:
        raise ValueError(f"the rows of {table.name} do not go on into later dates")
    return table.stretch


def _runs(dates: Sequence[date]) -> list[tuple[date, date]]:
    """Dates as runs without a gap, each with its first and last.

    >>> [[str(end) for end in run] for run in _runs([date(2024, 3, 9), date(2024, 3, 1), date(2024, 3, 2)])]
    [['2024-03-01', '2024-03-02'], ['2024-03-09', '2024-03-09']]
    """
    runs: list[tuple[date, date]] = []
    for each in sorted(dates):
        if runs and each - runs[-1][1] <= _DAY:
            runs[-1] = (runs[-1][0], each)
        else:
            runs.append((each, each))
    return runs
