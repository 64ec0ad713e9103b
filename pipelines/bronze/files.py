"""One row per landed file: the ledger of what ingest has planned to read, in which batch.

The ledger is the checkpoint of ingest, and lies in the lake. A plan comes before its appends, so no bronze table
is ever ahead of it. Where one is, the ledger was dropped or restored to an earlier version: it is then made
again from what bronze holds, and the batches go on from the newest that any table has seen. No file is taken
twice, and no number is given twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.bronze import records
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.log import Head
from pipelines.lakehouse.mark import Mark
from pipelines.lakehouse.table import Append, Col, Table
from pipelines.lakehouse.types import LONG, STRING, TIMESTAMP
from pipelines.landing.contract import Source
from pipelines.landing.files import Landed

TABLE = Table(
    name="bronze.files",
    doc=__doc__,
    key=("source", "file", "size"),
    columns=(
        Col("source", STRING, "The stream or reference feed", nullable=False),
        Col("file", STRING, "Relative to the landing root", nullable=False),
        Col(
            "size",
            LONG,
            "Bytes; a file sent again with another size is another file. 0 also where the file was gone when the "
            "ledger was made again",
            nullable=False,
        ),
        Col("arrived_at", TIMESTAMP, "When it arrived (UTC), from the drop's path", nullable=False),
        Col("batch", LONG, "The ingest batch, from 1", nullable=False),
    ),
    write=Append(),
)

_KEYS = ["source", "file", "size"]


def done(head: Head | None) -> int:
    """The last batch that a table stands for; 0: none, or nothing that can be trusted says so."""
    return head.mark.batch if head and head.mark else 0


def mended(lake: Lake, sources: Sequence[Source], found: Sequence[Landed], mark: Mark) -> int:
    """Make the ledger again from bronze where bronze is ahead of it; nothing where it is not.

    Args:
        lake: Where the ledger is.
        sources: Every source there is.
        found: The landing files that are there now, which say their sizes.
        mark: Of this run.

    Returns:
        The last batch that was ever given.
    """
    parent, standing = lake.ensure(TABLE), lake.head(TABLE)
    seen = {source.name: done(lake.head(records.TABLES[source.name])) for source in sources}
    last = max(seen.values(), default=0)
    if last > done(standing):
        ahead = [name for name, batch in seen.items() if batch > 0]
        held = reduce(DataFrame.unionByName, (_held(lake, name) for name in ahead))
        sizes = listed(lake, found).select(*_KEYS)
        rows = (
            held.join(lake.read(TABLE).select("source", "file"), on=["source", "file"], how="left_anti")
            .join(sizes, on=["source", "file"], how="left")
            .withColumn("size", F.coalesce("size", F.lit(0).cast(LONG)))
        )
        commit(lake, rows, mark, last, parent=parent)
    return max(last, done(standing))


def _held(lake: Lake, source: str) -> DataFrame:
    """The files of a source that bronze has records of, each as it was taken last."""
    rows = lake.read(records.TABLES[source]).groupBy("source", "file")
    return rows.agg(F.max("arrived_at").alias("arrived_at"), F.max("batch").alias("batch"))


def commit(lake: Lake, rows: DataFrame, mark: Mark, batch: int, *, parent: int) -> int:
    """Append rows to the ledger; gives its version."""
    marked = mark.model_copy(update={"batch": batch, "contract": TABLE.fingerprint})
    return lake.commit(TABLE, rows.select(*TABLE.names), marked, parent=parent)


def listed(lake: Lake, found: Sequence[Landed]) -> DataFrame:
    """Landed files as the ledger writes them, without a batch."""
    rows = [(f.source, f.path, f.size, f.arrived_at) for f in found]
    return lake.spark.createDataFrame(rows, "source string, file string, size long, arrived_at timestamp")


def among(lake: Lake, found: Sequence[Landed], *, how: str) -> list[Landed]:
    """Those of the files that the ledger has (`left_semi`), or those that it lacks (`left_anti`)."""
    if not found:
        return []
    met = listed(lake, found).join(lake.read(TABLE).select(*_KEYS), on=_KEYS, how=how)
    names = {tuple(row) for row in met.select(*_KEYS).collect()}  # a part of what was listed here
    return [file for file in found if file.key in names]
