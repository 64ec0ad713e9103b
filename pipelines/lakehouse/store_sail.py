"""Delta on one machine without a JVM: Sail computes, delta-rs commits.

Sail (`pysail`) is a Spark Connect server in Rust. Its own Delta writer knows neither application transactions nor
constraints, and says nothing of it; so rows go to Parquet in a scratch folder, and from there by delta-rs into the
table, a batch at a time. It keeps no frame in memory either: what is read more than once is held in such a folder.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import deltalake
import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import DeltaError
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema
from pyspark.sql.types import StructType

from pipelines.lakehouse.store import Definition, Transaction
from pipelines.lakehouse.table import Snapshot, Table

_ENGINE = "tillpost.engine"
_RULE = "tillpost.rule."  # delta-rs rewrites a constraint's text; ours is kept beside it
_BATCH_ROWS = 65_536


def is_sail(spark: SparkSession) -> bool:
    """Whether Sail is behind the session."""
    return spark.conf.get(_ENGINE, "spark") == "sail"


def mark_as_sail(spark: SparkSession) -> None:
    """Note on the session that Sail is behind it."""
    spark.conf.set(_ENGINE, "sail")


@dataclass(frozen=True)
class SailStore:
    """Delta tables as Sail reads and delta-rs writes them; see `Store`."""

    spark: SparkSession

    def read(self, path: str, version: int | None) -> DataFrame:
        """A table's rows at a version; null: the newest.

        The columns are named outright, without their comments: Sail loses these half-way and refuses its own plan.
        """
        table = DeltaTable(path, version=version)
        reader = self.spark.read.format("delta").schema(from_arrow_schema(_loose(table)))
        return reader.option("versionAsOf", table.version()).load(path)

    def feed(self, path: str, since: int, until: int) -> DataFrame:
        """The rows that came or went after a version, up to another, with Delta's `_change_type`."""
        try:
            table = DeltaTable(path)
            changes = table.load_cdf(starting_version=since + 1, ending_version=until)
            rows = pa.RecordBatchReader.from_stream(changes).read_all()
        except (DeltaError, pa.ArrowInvalid) as error:
            raise AnalysisException(str(error)) from error
        schema = _loose(table).append(pa.field("_change_type", pa.string()))
        found = rows.select(schema.names).cast(schema)
        return self.spark.createDataFrame(found, from_arrow_schema(schema))

    def definition(self, path: str) -> Definition:
        """What the table is defined as."""
        properties = DeltaTable(path).metadata().configuration
        rules = {
            name.removeprefix(_RULE): rule for name, rule in properties.items() if name.startswith(_RULE)
        }
        return Definition(self.read(path, None).schema, rules)

    def define(self, path: str, table: Table, rules: Mapping[str, str], *, anew: bool) -> None:
        """Create the table, empty; with `anew` in the place of one that stands there."""
        snapshot = isinstance(table.write, Snapshot)
        feed = {} if snapshot else {"delta.enableChangeDataFeed": "true"}
        made = DeltaTable.create(
            path,
            schema=_arrow(table.schema),
            mode="overwrite" if anew else "error",
            partition_by=list(table.scope) if snapshot else None,
            description=table.doc.splitlines()[0],
            configuration=feed,
        )
        if rules:
            kept = {_RULE + name: rule for name, rule in rules.items()}
            made.alter.set_table_properties(kept, raise_if_not_exists=False)
            made.alter.add_constraint(dict(rules))

    def write(self, path: str, rows: DataFrame, transaction: Transaction, *, replace: str | None) -> None:
        """Commit rows: instead of those that fit a predicate (`true`: all), or beside all (null)."""
        table = DeltaTable(path, version=transaction.parent)
        properties = CommitProperties(
            custom_metadata={"userMetadata": transaction.message},
            max_commit_retries=0,
            app_transactions=[deltalake.Transaction(transaction.application, transaction.parent + 1)],
        )
        with _scratch() as folder:
            rows.write.mode("append").parquet(str(folder))
            found = _batches(folder, _loose(table))
            if replace is None:
                deltalake.write_deltalake(table, found, mode="append", commit_properties=properties)
            else:
                deltalake.write_deltalake(
                    table,
                    found,
                    mode="overwrite",
                    predicate=None if replace == "true" else replace,
                    commit_properties=properties,
                )

    def restore(self, path: str, version: int) -> None:
        """Let the table read as it did at a version, by a new commit."""
        DeltaTable(path).restore(version)

    @contextmanager
    def held(self, rows: DataFrame) -> Iterator[DataFrame]:
        """The same rows, computed once however often they are read within the block."""
        with _scratch() as folder:
            rows.write.mode("append").parquet(str(folder))
            kept = self.spark.read.schema(rows.schema).parquet(str(folder))
            yield kept if any(folder.iterdir()) else self.spark.createDataFrame([], rows.schema)


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tillpost-") as folder:
        yield Path(folder)


def _arrow(schema: StructType) -> pa.Schema:
    """As Arrow has it, with each column's meaning as Delta's comment."""
    plain = to_arrow_schema(schema, timezone="UTC")
    return pa.schema(
        field.with_metadata({"comment": column.metadata["comment"]})
        for field, column in zip(plain, schema.fields, strict=True)
    )


def _loose(table: DeltaTable) -> pa.Schema:
    """The table's columns without their comments, any of which may be null: that is Delta's to check."""
    return pa.schema(
        field.with_nullable(True).remove_metadata() for field in pa.schema(table.schema().to_arrow())
    )


def _batches(folder: Path, schema: pa.Schema) -> pa.RecordBatchReader:
    """The rows of Parquet files, a batch at a time, in the types of the table."""
    files = sorted(folder.glob("*.parquet"))  # none, where there are no rows
    found = ds.dataset(files, format="parquet", schema=None if files else schema)

    def each() -> Iterator[pa.RecordBatch]:
        for batch in found.to_batches(columns=schema.names, batch_size=_BATCH_ROWS):
            yield pa.RecordBatch.from_arrays(
                [column.cast(field.type) for column, field in zip(batch.columns, schema, strict=True)],
                schema=schema,
            )

    return pa.RecordBatchReader.from_batches(schema, each())
