"""What a lake asks of an engine: Delta's reads, its change feed, its commits. One implementation for each engine.

Both write the same protocol, so a table that one made, the other reads. A table that Spark clustered cannot be
written by Sail, whose writer (delta-rs) refuses what it does not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql.types import StructType

from pipelines.lakehouse.table import Table

CONSTRAINT = "delta.constraints."


@dataclass(frozen=True)
class Definition:
    """What a table is defined as: its columns, and the rules that Delta holds its rows to, by name."""

    schema: StructType
    rules: Mapping[str, str]


@dataclass(frozen=True)
class Transaction:
    """What makes a commit conditional, and says what it was made from.

    Args:
        application: The id that Delta keeps a version for.
        parent: The version of the table that the rows were built on; the commit is the next or none.
        message: What is written into the commit (`userMetadata`).
    """

    application: str
    parent: int
    message: str


class Store(Protocol):
    """Delta tables by path, as one engine reads and writes them."""

    def read(self, path: str, version: int | None) -> DataFrame:
        """A table's rows at a version; null: the newest."""

    def feed(self, path: str, since: int, until: int) -> DataFrame:
        """The rows that came or went after a version, up to another, with Delta's `_change_type`.

        Raises:
            AnalysisException: a part of it was cleaned away.
        """

    def added(self, path: str, since: int, until: int) -> DataFrame:
        """The rows at a version of a table that only grew since another: all that came after that, and where files
        were put together meanwhile, or cannot be told apart, older ones too.
        """

    def definition(self, path: str) -> Definition:
        """What the table is defined as."""

    def define(self, path: str, table: Table, rules: Mapping[str, str], *, anew: bool) -> None:
        """Create the table, empty; with `anew` in the place of one that stands there."""

    def in_memory(self, path: str, version: int) -> int:
        """How many rows of a table a build that reads it may hold in memory at once; 0: the engine spills."""

    def write(
        self, path: str, parts: Sequence[DataFrame], transaction: Transaction, *, replace: str | None
    ) -> None:
        """Commit rows, part by part: instead of those that fit a predicate (`true`: all), or beside all (null)."""

    def restore(self, path: str, version: int) -> None:
        """Let the table read as it did at a version, by a new commit."""

    def held(self, rows: DataFrame) -> AbstractContextManager[DataFrame]:
        """The same rows, computed once however often they are read within the block."""

    def streamed(self, rows: DataFrame) -> Iterator[Row]:
        """The rows in their order; of them the driver holds two partitions at most."""


def store_of(spark: SparkSession) -> Store:
    """The store of the engine behind a session."""
    from pipelines.lakehouse.store_sail import SailStore, is_sail
    from pipelines.lakehouse.store_spark import SparkStore

    return SailStore(spark) if is_sail(spark) else SparkStore(spark)


def held(rows: DataFrame) -> AbstractContextManager[DataFrame]:
    """The same rows, computed once however often they are read within the block."""
    return store_of(rows.sparkSession).held(rows)
