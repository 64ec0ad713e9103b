"""Delta on one machine without a JVM: Sail computes, delta-rs commits.

Sail (`pysail`) is a Spark Connect server in Rust. Its own Delta writer knows neither application transactions nor
constraints, and says nothing of it; so rows go to Parquet in a scratch folder, and from there by delta-rs into the
table, a batch at a time. It keeps no frame in memory either: what is read more than once is held in such a folder.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import deltalake
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, WriterProperties
from deltalake.exceptions import DeltaError
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema
from pyspark.sql.types import StructType

from pipelines.lakehouse.store import Definition, Transaction
from pipelines.lakehouse.table import Snapshot, Table

_ENGINE = "tillpost.engine"
_SCRATCH = "tillpost-"
_RULE = "tillpost.rule."  # delta-rs rewrites a constraint's text; ours is kept beside it
_READ = {
    "batch_size": 65_536,
    "batch_readahead": 2,
    "fragment_readahead": 1,
}  # 16 and 4 unless told: gigabytes
# Without a word delta-rs does not compress; and Sail gives each core whole row groups, so one alone is one task.
_WRITER = WriterProperties(compression="SNAPPY", max_row_group_size=131_072)
# What is left of a replaced file goes into one with the new rows: this much is written again each day.
_REWRITTEN_BYTES = 16 << 20
_TEXT = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)  # a literal as Spark writes it


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
        """The rows that came or went after a version, up to another, with Delta's `_change_type`.

        They lie in a scratch folder as long as any frame that is made of them.
        """
        folder = tempfile.mkdtemp(prefix=_SCRATCH)
        try:
            table = DeltaTable(path)
            changes = table.load_cdf(starting_version=since + 1, ending_version=until)
            schema = _loose(table).append(pa.field("_change_type", pa.string()))
            spooled(pa.RecordBatchReader.from_stream(changes), schema, f"{folder}/changes.parquet")
        except Exception as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, DeltaError | pa.ArrowInvalid):
                raise AnalysisException(str(error)) from error
            raise
        found = self.spark.read.schema(from_arrow_schema(schema)).parquet(folder)
        # The plan, and not the frame: every frame that is made of it holds the plan.
        weakref.finalize(found._plan, shutil.rmtree, folder, ignore_errors=True)
        return found

    def added(self, path: str, since: int, until: int) -> DataFrame:
        """The rows of the files that came after a version, up to another: Sail opens each file that it is given."""
        before, now = (set(DeltaTable(path, version=version).file_uris()) for version in (since, until))
        schema = from_arrow_schema(_loose(DeltaTable(path, version=until)))
        files = sorted(now - before)
        return self.spark.read.schema(schema).parquet(*files) if files else self._none(schema)

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
        # Rules' texts come with the table: `set_table_properties` waits without letting go of the interpreter, which
        # the writers of other tables need to get at their rows, and then nobody goes on.
        kept = {_RULE + name: rule for name, rule in rules.items()}
        feed = {} if snapshot else {"delta.enableChangeDataFeed": "true"}
        made = DeltaTable.create(
            path,
            schema=_arrow(table.schema),
            mode="overwrite" if anew else "error",
            partition_by=list(table.scope) if snapshot else None,
            description=table.doc.splitlines()[0],
            configuration=kept | feed,
            raise_if_key_not_exists=False,
        )
        if rules:
            made.alter.add_constraint(dict(rules))

    def in_memory(self, path: str, version: int) -> int:
        """All of the table's rows: what Sail groups or sorts it holds in memory."""
        files = pa.table(DeltaTable(path, version=version).get_add_actions(flatten=True))
        return int(pc.sum(files["num_records"]).as_py() or 0)

    def write(
        self, path: str, parts: Sequence[DataFrame], transaction: Transaction, *, replace: str | None
    ) -> None:
        """Commit rows, each part made after the other: instead of those that fit a predicate (`true`: all), or beside
        all (null).
        """
        table = DeltaTable(path, version=transaction.parent)
        properties = CommitProperties(
            custom_metadata={"userMetadata": transaction.message},
            max_commit_retries=0,
            app_transactions=[deltalake.Transaction(transaction.application, transaction.parent + 1)],
        )
        with _scratch() as folder:
            for rows in parts:
                _spilled(rows, folder)
            found = _batches(folder, _loose(table))
            if replace is None:
                deltalake.write_deltalake(
                    table, found, mode="append", commit_properties=properties, writer_properties=_WRITER
                )
            else:
                deltalake.write_deltalake(
                    table,
                    found,
                    mode="overwrite",
                    predicate=None if replace == "true" else ansi(replace),
                    commit_properties=properties,
                    writer_properties=_WRITER,
                    target_file_size=_REWRITTEN_BYTES,
                )

    def restore(self, path: str, version: int) -> None:
        """Let the table read as it did at a version, by a new commit."""
        DeltaTable(path).restore(version)

    @contextmanager
    def held(self, rows: DataFrame) -> Iterator[DataFrame]:
        """The same rows, computed once however often they are read within the block."""
        with _scratch() as folder:
            _spilled(rows, folder)
            kept = self.spark.read.schema(rows.schema).parquet(str(folder))
            yield kept if any(folder.iterdir()) else self._none(rows.schema)

    def streamed(self, rows: DataFrame) -> Iterator[Row]:
        """The rows in their order; of them this process holds two partitions at most."""
        return rows.toLocalIterator(prefetchPartitions=True)

    def _none(self, schema: StructType) -> DataFrame:
        return self.spark.createDataFrame([], schema)


def ansi(predicate: str) -> str:
    r"""A predicate with its texts as standard SQL has them, and delta-rs reads them: Spark escapes by a backslash.

    >>> ansi(r"name IN ('it\'s', 'a\\b')")
    "name IN ('it''s', 'a\\b')"
    """
    return _TEXT.sub(
        lambda found: "'" + re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL).replace("'", "''") + "'",
        predicate,
    )


def spooled(batches: Iterable[pa.RecordBatch], schema: pa.Schema, file: str) -> None:
    """Write batches into one Parquet file as they come: of all of them, no more than one is in memory.

    Args:
        batches: Each has the schema's columns, in any order and beside others.
        schema: Columns and types to write.
        file: The path, not there yet.
    """
    with pq.ParquetWriter(file, schema, compression="lz4", use_dictionary=False) as out:
        for batch in batches:
            out.write_batch(batch.select(schema.names).cast(schema))


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=_SCRATCH) as folder:
        yield Path(folder)


def _spilled(rows: DataFrame, folder: Path) -> None:
    """Write rows that are read again at once and then thrown away: quickly rather than small."""
    rows.write.mode("append").options(compression="lz4_raw", dictionary_enabled="false").parquet(str(folder))


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
        for batch in found.to_batches(columns=schema.names, **_READ):
            yield pa.RecordBatch.from_arrays(
                [column.cast(field.type) for column, field in zip(batch.columns, schema, strict=True)],
                schema=schema,
            )

    return pa.RecordBatchReader.from_batches(schema, each())
