"""Which scope values does a change touch, and which input rows does their rebuild need?

Touched is the union, over the inputs, of the scope values of every row that came or went: its before and its
after image, so both the old and the new person of an identifier, both the old and the new day of a receipt.
An input that does not carry the scope is lifted through one that does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.lakehouse.lake import Lake, is_date_scope
from pipelines.lakehouse.mark import Mark
from pipelines.lakehouse.table import Input, Table


@dataclass(frozen=True)
class Touched:
    """Scope values to rebuild. `values` null: every one."""

    values: tuple[Any, ...] | None

    @property
    def everything(self) -> bool:
        """Whether the whole table is rebuilt."""
        return self.values is None


EVERYTHING = Touched(None)


def touched(
    lake: Lake,
    table: Table,
    mark: Mark,
    versions: Mapping[str, int],
    *,
    as_of: date,
    max_keys: int,
    max_share: float,
) -> Touched:
    """The scope values of `table` that changed inputs touch since its watermark.

    Args:
        lake: Where the inputs are.
        table: A table with one scope column.
        mark: The watermark: the versions its rows were built from.
        versions: The inputs' versions now.
        as_of: Rows dated after the watermark's date and up to this one become visible, whenever they were
            written.
        max_keys: Beyond so many values the table is rebuilt whole.
        max_share: Beyond this share of the standing values likewise.
    """
    if not table.scope:
        return EVERYTHING
    found: list[DataFrame] = []
    for read in table.reads:
        now, before = versions[read.table.name], mark.inputs.get(read.table.name)
        if before is None or before > now:
            return EVERYTHING
        if before != now:
            needed = tuple(read.by.values()) if read.by else read.on
            try:
                changed = lake.changes(read.table, before, now, needed)
                if read.whole:
                    if not changed.isEmpty():
                        return EVERYTHING
                    continue
                found.append(_lift(lake, table, read, changed, versions))
            except AnalysisException:  # the change feed was cleaned away: rebuild, never guess
                return EVERYTHING
        if as_of > mark.as_of and is_date_scope(read.table) and not read.whole:
            day = F.col(read.table.scope[0])
            matured = lake.read(read.table, now).where((day > F.lit(mark.as_of)) & (day <= F.lit(as_of)))
            found.append(_lift(lake, table, read, matured, versions))
    return _collected(lake, table, found, max_keys, max_share)


def _collected(
    lake: Lake, table: Table, found: Sequence[DataFrame], max_keys: int, max_share: float
) -> Touched:
    if not found:
        return Touched(())
    scope = table.scope[0]
    union = found[0]
    for more in found[1:]:
        union = union.unionByName(more)
    rows = (
        union.where(F.col(scope).isNotNull()).distinct().limit(max_keys + 1).collect()
    )  # bounded by max_keys
    values = tuple(sorted(row[0] for row in rows))
    if len(values) > max_keys:
        return EVERYTHING
    if len(values) > 1 and not is_date_scope(table):
        standing = lake.read(table).select(scope).distinct().count()
        if len(values) > max_share * standing:
            return EVERYTHING
    return Touched(values)


def _lift(lake: Lake, table: Table, read: Input, rows: DataFrame, versions: Mapping[str, int]) -> DataFrame:
    """The scope values that rows of an input stand for."""
    if read.by:
        return rows.select(*(F.col(source).alias(scope) for scope, source in read.by.items()))
    through = _reading(table, read.through)
    link = lake.read(through.table, versions[through.table.name])
    met = link.join(F.broadcast(rows.select(*read.on).distinct()), on=list(read.on), how="left_semi")
    return _lift(lake, table, through, met, versions)


def narrowed(table: Table, frames: Mapping[str, DataFrame], change: Touched) -> list[DataFrame]:
    """The inputs of a build, cut to what the touched values need where that can be said cheaply."""
    if change.values is None:
        return [frames[read.table.name] for read in table.reads]
    return [_narrow(table, read, frames, change.values) for read in table.reads]


def _narrow(table: Table, read: Input, frames: Mapping[str, DataFrame], values: Sequence[Any]) -> DataFrame:
    rows = frames[read.table.name]
    if read.by:
        return rows.where(F.col(read.by[table.scope[0]]).isin(list(values)))
    if read.through is not None:
        through = _reading(table, read.through)
        if through.by:
            keys = _narrow(table, through, frames, values).select(*read.on).distinct()
            return rows.join(F.broadcast(keys), on=list(read.on), how="left_semi")
    return rows


def _reading(table: Table, wanted: Table | None) -> Input:
    for read in table.reads:
        if wanted is not None and read.table.name == wanted.name:
            return read
    raise ValueError(
        f"{table.name} leads an input through {wanted.name if wanted else None}, which it does not read"
    )
