"""From landing files to bronze: every file once, every record kept.

The plan comes first. A batch's files are written into the ledger `bronze.files`; then each source appends the
files that its own watermark does not cover. Killed in between, the next run finds the plan and finishes the
same batch. Contacts go to the vault before bronze holds their tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.bronze import records as bronze
from pipelines.lakehouse import storage
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.mark import Mark
from pipelines.lakehouse.table import Append, Col, Table
from pipelines.lakehouse.types import BINARY, LONG, STRING, TIMESTAMP
from pipelines.lakehouse.vault import KeyRef
from pipelines.landing.contract import Source
from pipelines.landing.files import Landed, landed
from pipelines.landing.framing import frame

FILES = Table(
    name="bronze.files",
    doc="One row per landed file: the ledger of what ingest has planned to read, in which batch.",
    key=("source", "file", "size"),
    columns=(
        Col("source", STRING, "The stream or reference feed", nullable=False),
        Col("file", STRING, "Relative to the landing root", nullable=False),
        Col("size", LONG, "Bytes; a file sent again with another size is another file", nullable=False),
        Col("arrived_at", TIMESTAMP, "When it arrived (UTC), from the drop's path", nullable=False),
        Col("batch", LONG, "The ingest batch, from 1", nullable=False),
    ),
    write=Append(),
)

TOKENS = Table(
    name="vault.tokens",
    doc="One row per contact: its token, and the contact sealed under its person's key.",
    key=("token",),
    columns=(
        Col("token", STRING, "What bronze and silver hold instead of the contact", nullable=False),
        Col(
            "kind",
            STRING,
            "`email`, `phone`, or `record` for what may hold either: a record that could not be read, or a part "
            "of a vendor's own",
            nullable=False,
        ),
        Col(
            "key_id", STRING, "The secret key that made the token and wraps the person's key", nullable=False
        ),
        Col(
            "person_key",
            BINARY,
            "The person's own key, wrapped; without it the contact is lost for good",
            nullable=False,
        ),
        Col("sealed", BINARY, "The contact, encrypted under that key", nullable=False),
    ),
    write=Append(),
)


_VAULT = Lock()  # sources are appended side by side, and share the vault


@dataclass(frozen=True)
class Plan:
    """What there is to append.

    Args:
        batch: The last batch planned; 0: no file ever landed.
        newest: Of each source that has sent files, the last batch with one of them.
        misplaced: The files whose path breaks the layout, each with why.
    """

    batch: int
    newest: Mapping[str, int]
    misplaced: Sequence[tuple[str, str]]


def plan(lake: Lake, landing_root: str, sources: Sequence[Source], before: datetime, mark: Mark) -> Plan:
    """Write newly landed files into the ledger as one batch; nothing is written when there are none."""
    parent = lake.ensure(FILES)
    standing = lake.head(FILES)
    last = standing.mark.batch if standing and standing.mark else 0
    found, misplaced = landed(landing_root, sources, before)
    new = _ledgered(lake, found, how="left_anti")
    if new:
        last += 1
        rows = _listed(lake, new).withColumn("batch", F.lit(last).cast(LONG))
        lake.commit(FILES, rows, _marked(FILES, mark, last), parent=parent)
    newest = lake.read(FILES).groupBy("source").agg(F.max("batch")).collect()  # one row a source
    return Plan(last, dict(newest), misplaced)


def at_work(sources: Sequence[Source], plan: Plan) -> list[Source]:
    """The sources that have ever sent a file; any other has no bronze table, and costs a run nothing."""
    return [source for source in sources if source.name in plan.newest]


def _marked(table: Table, mark: Mark, batch: int) -> Mark:
    return mark.model_copy(update={"batch": batch, "contract": table.fingerprint})


def expire(lake: Lake, landing_root: str, sources: Sequence[Source], before: datetime) -> int:
    """Delete landed files that may hold contacts, arrived before an instant, and are in the ledger.

    Call it after every planned file was appended: bronze then holds what they held, with tokens for contacts.

    Returns:
        How many files were deleted.
    """
    found, _ = landed(landing_root, [source for source in sources if source.contacts], before)
    known = _ledgered(lake, found, how="left_semi")
    for file in known:
        storage.delete_file(f"{landing_root}/{file.path}")
    return len(known)


def _listed(lake: Lake, found: Sequence[Landed]) -> DataFrame:
    rows = [(f.source, f.path, f.size, f.arrived_at) for f in found]
    return lake.spark.createDataFrame(rows, "source string, file string, size long, arrived_at timestamp")


def _ledgered(lake: Lake, found: Sequence[Landed], *, how: str) -> list[Landed]:
    """Those of the files that the ledger has (`left_semi`), or those that it lacks (`left_anti`)."""
    if not found:
        return []
    keys = ["source", "file", "size"]
    met = _listed(lake, found).join(lake.read(FILES).select(*keys), on=keys, how=how)
    names = {tuple(row) for row in met.select(*keys).collect()}  # a part of what was listed here
    return [file for file in found if (file.source, file.path, file.size) in names]


def append(
    lake: Lake, source: Source, plan: Plan, mark: Mark, *, landing_root: str, key: KeyRef, region: str
) -> int | None:
    """Append a source's planned files to its bronze table; null when it has them all.

    Returns:
        The version written.
    """
    table = bronze.TABLES[source.name]
    parent = lake.ensure(table)
    standing = lake.head(table)
    done = standing.mark.batch if standing and standing.mark else 0
    if done >= plan.newest.get(source.name, 0):
        return None
    files = lake.read(FILES).where((F.col("source") == source.name) & (F.col("batch") > done))
    framed = frame(files, source, landing_root=landing_root, vault_key=key, default_region=region)
    marked = _marked(table, mark, plan.batch)
    if not source.contacts:
        return lake.commit(table, framed.select(*table.names), marked, parent=parent)
    framed.persist()  # read twice, and sealing is not free
    try:
        _seal(lake, framed, mark, plan.batch)
        return lake.commit(table, framed.select(*table.names), marked, parent=parent)
    finally:
        framed.unpersist()


def _seal(lake: Lake, framed: DataFrame, mark: Mark, batch: int) -> None:
    with _VAULT:
        parent = lake.ensure(TOKENS)
        sealed = framed.select(F.explode("sealed").alias("s")).select("s.*").dropDuplicates(["token"])
        new = sealed.join(lake.read(TOKENS).select("token"), on="token", how="left_anti")
        if not new.isEmpty():
            lake.commit(TOKENS, new.select(*TOKENS.names), _marked(TOKENS, mark, batch), parent=parent)
