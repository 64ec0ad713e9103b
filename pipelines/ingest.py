"""From landing files to bronze: every file once, every record kept.

The plan comes first. A batch's files are written into the ledger (`bronze/files.py`); then each source appends
the files that its own watermark does not cover. Killed in between, the next run finds the plan and finishes the
same batch. Contacts go to the vault before bronze holds their tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.bronze import files as ledger
from pipelines.bronze import records as bronze
from pipelines.lakehouse import storage
from pipelines.lakehouse.digests import known_again
from pipelines.lakehouse.erasures import suppression
from pipelines.lakehouse.lake import Lake, any_of
from pipelines.lakehouse.mark import Mark
from pipelines.lakehouse.table import Append, Col, Table
from pipelines.lakehouse.types import BINARY, STRING
from pipelines.lakehouse.vault_key import KeyRef
from pipelines.landing.contract import Source
from pipelines.landing.drift import Drift, drift_in
from pipelines.landing.files import MANIFEST, landed
from pipelines.landing.forgetting import honoured
from pipelines.landing.framing import frame
from pipelines.landing.manifest import whole

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


Key = tuple[str, str, int]
"""A landed file: source, path and size."""


@dataclass(frozen=True)
class Appended:
    """What an append made: the version, and the fields it met that no contract names; null: none."""

    version: int
    drift: Drift | None


@dataclass(frozen=True)
class Plan:
    """What there is to append.

    Args:
        batch: The last batch planned; 0: no file ever landed.
        newest: Of each source that has sent files, the last batch with one of them.
        left: The files that are not read, each with why: their path breaks the layout, or they must wait for the
            rest of what their manifest names.
    """

    batch: int
    newest: Mapping[str, int]
    left: Sequence[tuple[str, str]]


def plan(
    lake: Lake,
    landing_root: str,
    sources: Sequence[Source],
    before: datetime,
    mark: Mark,
    *,
    most: int,
    known: set[Key] | None = None,
) -> Plan:
    """Write newly landed files into the ledger, as one batch or as many as their size asks for; nothing is written
    when there are none.

    Args:
        lake: Where the ledger is.
        landing_root: Where the files are.
        sources: Every source there is.
        before: Files that arrived later than this are left for another run.
        mark: Of this run.
        most: Bytes of the records of a batch, about; a larger file is a batch by itself.
        known: Files that the caller has seen in the ledger and that need not be asked for; more are added.
    """
    known = set() if known is None else known
    found, left = landed(landing_root, sources, before)
    last = ledger.mended(lake, sources, found, mark)
    asked = [file for file in found if file.key not in known]
    lacking = ledger.among(lake, asked, how="left_anti")
    new, waiting = whole(landing_root, found, lacking)
    if new:
        batches = ledger.batched(new, last, most=most)
        last = batches[-1]
        rows = ledger.listed(lake, new, batches)
        ledger.commit(lake, rows, mark, last, parent=lake.ensure(ledger.TABLE))
    known |= {file.key for file in asked} - {file.key for file in lacking if file not in new}
    newest = lake.read(ledger.TABLE).groupBy("source").agg(F.max("batch")).collect()  # one row a source
    return Plan(last, dict(newest), [*left, *waiting])


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
    taken = ledger.among(lake, found, how="left_semi")
    for file in taken:
        storage.delete_file(f"{landing_root}/{file.path}")
    for drop in {file.drop for file in taken} - {file.drop for file in found if file not in taken}:
        storage.delete_file(f"{landing_root}/{drop}/{MANIFEST}")
    return len(taken)


def retire(lake: Lake, source: Source, days: int, close: datetime, mark: Mark) -> int:
    """Delete the records of a source that arrived more than so many days before a close.

    Facts are then made anew of those that are left, so the lake stays what a rebuild would give. That costs more the
    more are kept: of a long time a tenth more goes at once, so that nothing is kept longer and it is seldom done.

    Returns:
        How many records were deleted.
    """
    table = bronze.TABLES[source.name]
    head = lake.head(table)
    if head is None:
        return 0
    last, first = (close - timedelta(days=kept) for kept in (days, days - days // 10))
    if lake.read(table).where(F.col("arrived_at") < F.lit(last)).isEmpty():
        return 0
    old = lake.read(table).where(F.col("arrived_at") < F.lit(first))
    files = {row["file"]: row["n"] for row in old.groupBy("file").agg(F.count("*").alias("n")).collect()}
    standing = head.mark or _marked(table, mark, 0)
    marked = standing.deleted(mark.started_at, rebuilt=True, by=mark.run)
    none = lake.spark.createDataFrame([], table.schema)
    lake.commit(table, none, marked, parent=head.version, replace=any_of("file", sorted(files)))
    return sum(files.values())


def append(
    lake: Lake, source: Source, plan: Plan, mark: Mark, *, landing_root: str, key: KeyRef, region: str
) -> Appended | None:
    """Append a source's planned files to its bronze table; null when it has them all."""
    table = bronze.TABLES[source.name]
    parent = lake.ensure(table)
    done = ledger.done(lake.head(table))
    if done >= plan.newest.get(source.name, 0):
        return None
    files = lake.read(ledger.TABLE).where((F.col("source") == source.name) & (F.col("batch") > done))
    if not done and parent:  # somebody else changed it, and what it holds is not to be read again
        files = files.join(lake.read(table).select("file").distinct(), on="file", how="left_anti")
    framed = frame(files, source, landing_root=landing_root, vault_key=key, default_region=region)
    erased = suppression(lake, TOKENS, key)
    marked = _marked(table, mark, plan.batch)
    if source.contacts:
        with (
            lake.store.held(honoured(framed, source, erased)) as sealed,
            known_again(lake, sealed) as records,
        ):  # read twice, and sealing is not free
            _seal(lake, records, mark, plan.batch)
            version = lake.commit(table, records.select(*table.names), marked, parent=parent)
    else:
        records = honoured(framed, source, erased)
        version = lake.commit(table, records.select(*table.names), marked, parent=parent)
    appended = lake.read(table, version).where(F.col("batch") > done)
    return Appended(version, drift_in(appended, source))


def _seal(lake: Lake, framed: DataFrame, mark: Mark, batch: int) -> None:
    with _VAULT:
        parent = lake.ensure(TOKENS)
        sealed = framed.select(F.explode("sealed").alias("s")).select("s.*").dropDuplicates(["token"])
        new = sealed.join(lake.read(TOKENS).select("token"), on="token", how="left_anti")
        if not new.isEmpty():
            lake.commit(TOKENS, new.select(*TOKENS.names), _marked(TOKENS, mark, batch), parent=parent)
