"""One row per landed file: the ledger of what ingest has planned to read, in which batch.

The ledger is the checkpoint of ingest, and lies in the lake. A plan comes before its appends, so no bronze table
is ever ahead of it. Where one is, the ledger was dropped or restored to an earlier version: it is then made
again from what bronze holds, and the batches go on from the newest that any table has seen. No file is taken
twice, and no number is given twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import or_

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.bronze import records
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.log import Head
from pipelines.lakehouse.mark import Mark
from pipelines.lakehouse.table import Append, Col, Table
from pipelines.lakehouse.types import LONG, STRING, TIMESTAMP
from pipelines.landing.contract import Source
from pipelines.landing.files import PACKED, SWELLING, Landed

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


def batched(found: Sequence[Landed], last: int, *, most: int) -> list[int]:
    """The batch of each file, from `last + 1`: in their order, no more bytes to a batch than `most`, or one file."""
    return [last + 1 + group for group in _groups((file.weight for file in found), most)]


def parts(lake: Lake, source: str, after: int, upto: int, *, most: int) -> list[int]:
    """Cut the batches of a source after one, up to another, into parts of no more than so many bytes, or one batch.

    Returns:
        The last batch of each part, in order; the last of all is `upto`.
    """
    if upto - after <= 1:
        return [upto]
    packed = reduce(or_, (F.col("file").endswith(ending) for ending in PACKED))
    weight = F.sum(F.col("size") * F.when(packed, SWELLING).otherwise(1))
    asked = lake.read(TABLE).where((F.col("source") == source) & F.col("batch").between(after + 1, upto))
    weights: dict[int, int] = dict(sorted(asked.groupBy("batch").agg(weight).collect()))  # one row a batch
    cut = dict(zip(_groups(weights.values(), most), weights, strict=True))  # of each group the last
    return [*list(cut.values())[:-1], upto]


def _groups(weights: Iterable[int], most: int) -> Iterator[int]:
    """The number of each one's group, from 0: neighbours, as many as weigh no more than `most` together."""
    group, held = 0, 0
    for weight in weights:
        if held and held + weight > most:
            group, held = group + 1, 0
        held += weight
        yield group


def commit(lake: Lake, rows: DataFrame, mark: Mark, batch: int, *, parent: int) -> int:
    """Append rows to the ledger; gives its version."""
    marked = mark.model_copy(update={"batch": batch, "contract": TABLE.fingerprint})
    return lake.commit(TABLE, rows.select(*TABLE.names), marked, parent=parent)


def listed(lake: Lake, found: Sequence[Landed], batches: Sequence[int] | None = None) -> DataFrame:
    """Landed files as the ledger writes them, each in its batch; null: in none yet."""
    numbers: Sequence[int | None] = batches or [None] * len(found)
    rows = [(f.source, f.path, f.size, f.arrived_at, n) for f, n in zip(found, numbers, strict=True)]
    return lake.spark.createDataFrame(
        rows, "source string, file string, size long, arrived_at timestamp, batch long"
    )


def among(lake: Lake, found: Sequence[Landed], *, how: str) -> list[Landed]:
    """Those of the files that the ledger has (`left_semi`), or those that it lacks (`left_anti`)."""
    if not found:
        return []
    met = listed(lake, found).join(lake.read(TABLE).select(*_KEYS), on=_KEYS, how=how)
    names = {tuple(row) for row in met.select(*_KEYS).collect()}  # a part of what was listed here
    return [file for file in found if file.key in names]
