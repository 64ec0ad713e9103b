"""Delta by Spark and its own library, on one machine or a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, Row, SparkSession

from pipelines.lakehouse.store import CONSTRAINT, Definition, Transaction
from pipelines.lakehouse.table import Snapshot, Table


@dataclass(frozen=True)
class SparkStore:
    """Delta tables as Spark reads and writes them; see `Store`."""

    spark: SparkSession

    def read(self, path: str, version: int | None) -> DataFrame:
        """A table's rows at a version; null: the newest."""
        reader = self.spark.read.format("delta")
        return (reader if version is None else reader.option("versionAsOf", version)).load(path)

    def feed(self, path: str, since: int, until: int) -> DataFrame:
        """The rows that came or went after a version, up to another, with Delta's `_change_type`."""
        return (
            self.spark.read.format("delta")
            .option("readChangeFeed", "true")
            .option("startingVersion", since + 1)
            .option("endingVersion", until)
            .load(path)
        )

    def added(self, path: str, since: int, until: int) -> DataFrame:
        """All rows: Delta leaves the files out whose least and largest batch speak against them."""
        return self.read(path, until)

    def definition(self, path: str) -> Definition:
        """What the table is defined as."""
        details = DeltaTable.forPath(self.spark, path).detail().select("properties").collect()[0]  # one row
        rules = {
            name.removeprefix(CONSTRAINT): rule
            for name, rule in details["properties"].items()
            if name.startswith(CONSTRAINT)
        }
        return Definition(self.read(path, None).schema, rules)

    def define(self, path: str, table: Table, rules: Mapping[str, str], *, anew: bool) -> None:
        """Create the table, empty; with `anew` in the place of one that stands there."""
        # `createOrReplace` of a path creates only, and refuses a table that stands there with another definition
        new = DeltaTable.replace if anew else DeltaTable.createOrReplace
        builder = new(self.spark).location(path).comment(table.doc.splitlines()[0])
        for column in table.columns:
            builder = builder.addColumn(
                column.name, column.type, nullable=column.nullable, comment=column.meaning
            )
        for name, rule in rules.items():
            builder = builder.property(CONSTRAINT + name, rule)
        if isinstance(table.write, Snapshot):
            builder = builder.partitionedBy(*table.scope)
        else:
            builder = builder.property("delta.enableChangeDataFeed", "true")
            if table.scope:
                builder = builder.clusterBy(*table.scope)
        builder.execute()

    def in_memory(self, path: str, version: int) -> int:
        """None: what is too large for memory Spark puts on disk."""
        return 0

    def write(
        self, path: str, parts: Sequence[DataFrame], transaction: Transaction, *, replace: str | None
    ) -> None:
        """Commit rows: instead of those that fit a predicate (`true`: all), or beside all (null)."""
        writer = (
            reduce(DataFrame.unionByName, parts)
            .write.format("delta")
            .mode("append" if replace is None else "overwrite")
            .option("txnAppId", transaction.application)
            .option("txnVersion", transaction.parent + 1)
            .option("userMetadata", transaction.message)
        )
        if replace not in (None, "true"):
            writer = writer.option("replaceWhere", replace)
        writer.save(path)

    def restore(self, path: str, version: int) -> None:
        """Let the table read as it did at a version, by a new commit."""
        DeltaTable.forPath(self.spark, path).restoreToVersion(version)

    @contextmanager
    def held(self, rows: DataFrame) -> Iterator[DataFrame]:
        """The same rows, computed once however often they are read within the block."""
        rows.persist()
        try:
            yield rows
        finally:
            rows.unpersist()

    def streamed(self, rows: DataFrame) -> Iterator[Row]:
        """The rows in their order; of them the driver holds two partitions at most.

        Not by the frame's own iterator: its jobs begin when its query has ended, and Spark 4.2 keeps the jobs of a
        query, and with them all that they brought, until it ends (`DAGScheduler.activeQueryToJobs`).
        """
        found: Iterator[Row] = rows.rdd.toLocalIterator(prefetchPartitions=True)
        return found
