"""The lake: reading and writing tables by their contracts.

Every commit is conditional. It carries the application id of its table and, as transaction version, the
version that its build read plus one. Delta drops a transaction whose version it has seen and refuses a
concurrent one, so of two writers that built on the same version one wins, and the other learns of it here
(`ConcurrentWrite`). A replay after a crash, or after a RESTORE, is built on a newer version and so is never
dropped.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, reduce
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DateType, StructField, StructType

from pipelines.errors import ConcurrentWrite, DataError, SystemFault
from pipelines.lakehouse import log
from pipelines.lakehouse.log import Head
from pipelines.lakehouse.mark import Mark
from pipelines.lakehouse.store import Store, Transaction, store_of
from pipelines.lakehouse.table import Append, Table
from pipelines.lakehouse.write_faults import explained, same_columns, shape

CHANGE_SIGN = "_change_sign"
ABSENT = -1  # the version of a table that was never made: it has no rows


@dataclass(frozen=True)
class Lake:
    """A session and the root under which each table lies at `<root>/<layer>/<table>`.

    Bronze, silver and live gold may have gone beyond a run's date, by continuous ingest: with `until` they are seen
    as they stood at the close of that date; null: as they are.
    """

    spark: SparkSession
    root: str
    until: date | None = None

    @cached_property
    def store(self) -> Store:
        """The tables, as the session's engine reads and writes them."""
        return store_of(self.spark)

    def path(self, table: Table) -> str:
        """Where the table lies."""
        return path_of(self.root, table)

    def head(self, table: Table) -> Head | None:
        """The table's newest version and watermark; null when it was never created.

        Raises:
            DataError: a newer tillpost wrote it, and its rows mean something else.
        """
        found = log.head(self.path(table), self.until if table.goes_ahead else None)
        if found is not None and found.mark is not None and found.mark.version > table.version:
            raise DataError(
                f"{table.name} was written by a newer tillpost: its contract has version {found.mark.version}, "
                f"this one knows version {table.version}",
                remedy="Run with the version that wrote it, or a later one; or go back to a release of before: "
                "tillpost rollback.",
            )
        return found

    def read(self, table: Table, version: int | None = None) -> DataFrame:
        """The table's rows at a version, by default the newest; none where it was never created."""
        if version is None:
            head = self.head(table)
            version = ABSENT if head is None else head.version if self.until else None
        if version == ABSENT:
            bare = [
                StructField(c.name, c.type, c.nullable) for c in table.columns
            ]  # as a store reads: no comments
            return self.spark.createDataFrame([], StructType(bare))
        return self.store.read(self.path(table), version).select(*table.names)

    def changes(
        self, table: Table, since: int, until: int, columns: Sequence[str], *, of: Sequence[str] = ()
    ) -> DataFrame:
        """Rows that came or went after version `since`, up to `until`: before and after images, without those
        that came back the same, in all their columns or in those that are named (`of`).

        Returns:
            `columns` and `_change_sign`: +1 for a row that is there now, -1 for one that was there before.
        """
        feed = self.store.feed(self.path(table), since, until)
        sign = F.when(F.col("_change_type").isin("insert", "update_postimage"), 1).otherwise(-1)
        return (
            feed.select(*columns, F.xxhash64(*(of or table.names)).alias("_row"), sign.alias(CHANGE_SIGN))
            .groupBy(*columns, "_row")
            .agg(F.sum(CHANGE_SIGN).alias(CHANGE_SIGN))
            .where(F.col(CHANGE_SIGN) != 0)
            .select(*columns, CHANGE_SIGN)
        )

    def added(self, table: Table, since: int, until: int) -> DataFrame:
        """The rows of a table that only grows that came after version `since`, up to `until`, and maybe older ones:
        the caller asks for the batches that it wants.
        """
        return self.store.added(self.path(table), since, until).select(*table.names)

    def ensure(self, table: Table) -> int:
        """Create the table from its contract unless it is there; gives its newest version.

        A derived table with other columns or rules than the contract's is defined anew, empty and without a mark,
        so that it is rebuilt; readers hold on to the version that their release names.

        Raises:
            DataError: a table that only grows has other columns.
        """
        found = self.head(table)
        if found is not None:
            if found.mark is not None and found.mark.contract == table.fingerprint:
                return found.version
            standing = self.store.definition(self.path(table))
            grows = isinstance(table.write, Append)
            if shape(standing.schema) == shape(table.schema) and (
                grows or standing.rules == _rules_of(table)
            ):
                return found.version
            if grows:
                raise DataError(
                    f"{table.name} has other columns than this version of tillpost: {shape(standing.schema)}",
                    remedy="Run with the version that wrote it; what only grows cannot be rebuilt.",
                )
        self.store.define(self.path(table), table, _rules_of(table), anew=found is not None)
        return self._head(table).version

    def in_memory(self, table: Table, version: int) -> int:
        """How many rows of a table a build that reads it may hold in memory at once; 0: the engine spills."""
        return 0 if version == ABSENT else self.store.in_memory(self.path(table), version)

    def commit(
        self,
        table: Table,
        rows: DataFrame | Sequence[DataFrame],
        mark: Mark,
        *,
        parent: int,
        replace: str | None = None,
    ) -> int:
        """Write rows in one commit that holds only if the table is still at version `parent`.

        Args:
            table: Its contract; `rows` must have its columns and types exactly.
            rows: What to write; parts are made one after the other, where the engine holds them in memory.
            mark: The watermark of the commit.
            parent: The version that the rows were built on.
            replace: A predicate: the rows that fit it give way to `rows`, all of which must fit it. `true`:
                the whole table is written anew. Null: append.

        Returns:
            The new version.

        Raises:
            DataError: columns or types differ, a value is null or breaks a constraint; nothing was written.
            ConcurrentWrite: the table moved; nothing was written.
        """
        parts = [rows] if isinstance(rows, DataFrame) else list(rows)
        for part in parts:
            same_columns(table, part)
        standing = self.head(table)
        begun = standing.mark.origin if standing and standing.mark else mark.run
        mark = mark.model_copy(update={"origin": begun, "version": table.version})
        transaction = Transaction(f"tillpost/{table.name}", parent, mark.dump())
        try:
            written = [part.select(*table.names) for part in parts]
            self.store.write(self.path(table), written, transaction, replace=replace)
        except Exception as error:
            everything = reduce(DataFrame.unionByName, parts)
            raise explained(table, self.path(table), everything, error) from error
        now = self._head(table)
        if now.version != parent + 1 or now.mark is None or now.mark.run != mark.run:
            raise ConcurrentWrite(
                f"{table.name} moved from version {parent} to {now.version} while it was being built",
                remedy="Run again: it starts from what stands now.",
            )
        return now.version

    def restore(self, table: Table, version: int) -> int:
        """Let the table read as it did at an earlier version, by a new commit; nothing where it does already.

        Returns:
            The newest version.
        """
        path = self.path(table)
        if log.source_of(path, self._head(table).version) != log.source_of(path, version):
            self.store.restore(path, version)
        return self._head(table).version

    def require(self, table: Table, version: int) -> None:
        """Nothing, where the table can still be read at a version.

        Raises:
            DataError: its log or its files are gone, or older than Delta keeps them.
        """
        try:
            self.read(table, version).isEmpty()
        except PySparkException as error:
            raise DataError(
                f"{table.name} can no longer be read at version {version}: {str(error).splitlines()[0]}",
                remedy="Choose a newer release; `tillpost sql 'select * from audit.releases'` lists them.",
            ) from error

    def _head(self, table: Table) -> Head:
        found = self.head(table)
        if found is None:
            raise SystemFault(
                f"{table.name} is gone from {self.path(table)}", remedy="Run again: it is made anew."
            )
        return found


def _rules_of(table: Table) -> dict[str, str]:
    """The contract's checks by name, as constraints."""
    return {rule.name: rule.constraint for rule in table.checks}


def path_of(root: str, table: Table) -> str:
    """Where a table lies under a lake's root; Delta takes a path for a table only where it is absolute."""
    place = root.rstrip("/") if "://" in root else os.path.abspath(root)
    return f"{place}/{table.layer}/{table.short}"


def any_of(column: str, values: Sequence[Any]) -> str:
    """A predicate that is true where the column has one of the values (dates or text)."""
    listed = ", ".join(
        f"DATE'{v}'" if isinstance(v, date) else "'" + str(v).replace("\\", "\\\\").replace("'", "\\'") + "'"
        for v in values
    )
    return f"{column} IN ({listed})" if values else "false"


def is_date_scope(table: Table) -> bool:
    """Whether the table is recomputed by business date."""
    return len(table.scope) == 1 and isinstance(table.schema[table.scope[0]].dataType, DateType)
