"""Which scope values does a change touch, and which input rows does their rebuild need?

Touched is the union, over the inputs, of the scope values of every row that came or went: its before and its
after image, so both the old and the new person of an identifier, both the old and the new day of a receipt.
An input that does not carry the scope is lifted through one that does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial, reduce
from threading import Lock
from typing import Any

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.lakehouse.lake import Lake, is_date_scope
from pipelines.lakehouse.mark import Mark
from pipelines.lakehouse.table import Input, Table
from pipelines.stretch import needed_dates, touched_rows


@dataclass(frozen=True)
class Touched:
    """Scope values to rebuild. `values` null: every one.

    `reads` are the values whose input rows the rebuild needs, where they are more than those.
    """

    values: tuple[Any, ...] | None
    reads: tuple[Any, ...] | None = None

    @property
    def everything(self) -> bool:
        """Whether the whole table is rebuilt."""
        return self.values is None


EVERYTHING = Touched(None)

Key = tuple[Hashable, ...]


class Asked:
    """What several tables of one run want to know, each asked of the lake once, whichever thread comes first."""

    def __init__(self) -> None:
        self._locks: defaultdict[Key, Lock] = defaultdict(Lock)
        self._known: dict[Key, Any] = {}

    def once(self, key: Key, ask: Callable[[], Any]) -> Any:
        """The answer to `key`, from `ask` where nobody has asked before."""
        with self._locks[key]:
            if key not in self._known:
                self._known[key] = ask()
            return self._known[key]


def touched(
    lake: Lake,
    table: Table,
    mark: Mark,
    versions: Mapping[str, int],
    *,
    as_of: date,
    max_keys: int,
    max_share: float,
    asked: Asked,
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
        max_share: Beyond this share of all the values there are likewise.
        asked: What other tables of this run have asked already.
    """
    if not table.scope:
        return EVERYTHING
    found: set[Any] = set()
    for read in table.reads:
        now, before = versions[read.table.name], mark.inputs.get(read.table.name)
        if before is None or before > now:
            return EVERYTHING
        try:
            if read.whole:
                if before != now and not _changes(lake, read, before, now).isEmpty():
                    return EVERYTHING
                continue
            dates = (mark.as_of, as_of) if as_of > mark.as_of and is_date_scope(read.table) else None
            if before == now and dates is None:
                continue
            key = ("touched", before, now, dates, max_keys, *_way(table, read, versions))
            found.update(
                asked.once(key, partial(_values, lake, table, read, before, versions, dates, max_keys))
            )
        except AnalysisException:  # the change feed was cleaned away: rebuild, never guess
            return EVERYTHING
        if len(found) > max_keys:
            return EVERYTHING
    values = tuple(sorted(found))
    if (
        len(values) > 1
        and not is_date_scope(table)
        and len(values) > max_share * _all(lake, table, versions, asked)
    ):
        return EVERYTHING
    return Touched(values) if table.stretch is None or not values else _stretched(lake, table, values)


def _changes(lake: Lake, read: Input, before: int, now: int) -> DataFrame:
    needed = tuple(read.by.values()) if read.by else read.on
    return lake.changes(read.table, before, now, needed, of=_looked_at(read, needed))


def _values(
    lake: Lake,
    table: Table,
    read: Input,
    before: int,
    versions: Mapping[str, int],
    dates: tuple[date, date] | None,
    max_keys: int,
) -> tuple[Any, ...]:
    """The scope values of an input's rows that came or went since a version, and of those whose date has come
    between two dates; of more than `max_keys` one more than these.
    """
    now, found = versions[read.table.name], []
    if before != now:
        found.append(_changes(lake, read, before, now))
    if dates is not None:
        day, (after, until) = F.col(read.table.scope[0]), dates
        found.append(lake.read(read.table, now).where((day > F.lit(after)) & (day <= F.lit(until))))
    scope = table.scope[0]
    said = reduce(DataFrame.unionByName, (_lift(lake, table, read, rows, versions) for rows in found))
    few = said.where(F.col(scope).isNotNull()).distinct().limit(max_keys + 1)
    return tuple(row[0] for row in few.collect())  # bounded by max_keys


def _looked_at(read: Input, needed: tuple[str, ...]) -> tuple[str, ...]:
    """The columns of an input of which a change touches something; none: all of them."""
    return tuple(dict.fromkeys((*needed, *read.on))) if read.on and read.through is None else ()


def _stretched(lake: Lake, table: Table, dates: Sequence[date]) -> Touched:
    found = touched_rows(lake, table, dates)
    return EVERYTHING if found is None else Touched(found, needed_dates(lake, table, found))


def _all(lake: Lake, table: Table, versions: Mapping[str, int], asked: Asked) -> int:
    """How many scope values there are, as the first input that carries the scope knows."""
    carrier = next((read for read in table.reads if read.by), None)
    if carrier is None or carrier.by is None:
        return 0
    name, column = carrier.table.name, carrier.by[table.scope[0]]
    rows = lake.read(carrier.table, versions[name]).select(column)
    count: int = asked.once((name, versions[name], column), lambda: rows.distinct().count())
    return count


def _way(table: Table, read: Input, versions: Mapping[str, int]) -> Key:
    """What the values that `_lift` finds for the rows of an input hang on."""
    step = (read.table.name, *(read.by or {}).values(), *read.shared.items())
    if read.by:
        return step
    through = _reading(table, read.through)
    return (*step, versions[through.table.name], *_way(table, through, versions))


def _lift(lake: Lake, table: Table, read: Input, rows: DataFrame, versions: Mapping[str, int]) -> DataFrame:
    """The scope values that rows of an input stand for."""
    if read.by:
        return rows.select(*(F.col(source).alias(scope) for scope, source in read.by.items()))
    through = _reading(table, read.through)
    link = lake.read(through.table, versions[through.table.name])
    met = link.join(F.broadcast(_renamed(rows, read.shared)), on=list(read.shared.values()), how="left_semi")
    return _lift(lake, table, through, met, versions)


Choice = Callable[[Column], Column]
"""Which scope values a build is about."""


def among(values: Sequence[Any]) -> Choice:
    """These values."""
    return lambda column: column.isin(list(values))


def dealt(part: int, parts: int) -> Choice:
    """The values that fall to one of so many parts, from 0, by their hash."""
    return lambda column: F.pmod(F.xxhash64(column), F.lit(parts)) == part


def narrowed(table: Table, frames: Mapping[str, DataFrame], choice: Choice | None) -> list[DataFrame]:
    """The inputs of a build, cut to what the chosen scope values need where that can be said cheaply; null: all."""
    if choice is None:
        return [frames[read.table.name] for read in table.reads]
    return [_narrow(table, read, frames, choice) for read in table.reads]


def _narrow(table: Table, read: Input, frames: Mapping[str, DataFrame], choice: Choice) -> DataFrame:
    rows = frames[read.table.name]
    if read.by:
        return rows.where(choice(F.col(read.by[table.scope[0]])))
    if read.through is not None:
        through = _reading(table, read.through)
        if through.by:
            back = {theirs: own for own, theirs in read.shared.items()}
            keys = _renamed(_narrow(table, through, frames, choice), back)
            return rows.join(F.broadcast(keys), on=list(read.on), how="left_semi")
    return rows


def _renamed(rows: DataFrame, names: Mapping[str, str]) -> DataFrame:
    return rows.select(*(F.col(name).alias(other) for name, other in names.items())).distinct()


def _reading(table: Table, wanted: Table | None) -> Input:
    for read in table.reads:
        if wanted is not None and read.table.name == wanted.name:
            return read
    raise ValueError(
        f"{table.name} leads an input through {wanted.name if wanted else None}, which it does not read"
    )
