"""An open run: its session, its date, its view of the lake, and the leases of what it does.

A run sees bronze and silver as they stand at the close of its date. That is the newest there is, unless
continuous ingest has gone on to later arrivals. A run for a date before the newest that runs have made is a
replay (`pipelines/replay.py`).
"""

from __future__ import annotations

import dataclasses
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, TypeVar

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipelines import ingest as ingestion
from pipelines.bronze import files as ledger
from pipelines.bronze import records as bronze
from pipelines.calc.time import books_close
from pipelines.errors import ConcurrentWrite, LeaseHeld
from pipelines.flow import FLOW, of_stage
from pipelines.gold.segment_people import predicates
from pipelines.gold.trigger_candidates import conditions
from pipelines.lakehouse import audit
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.lease import lease
from pipelines.lakehouse.refusal import quarantine_of
from pipelines.lakehouse.sail import sail_session
from pipelines.lakehouse.session import spark_session, stop, submitted
from pipelines.lakehouse.table import Facts, Table
from pipelines.lakehouse.tracking import Tracking
from pipelines.lakehouse.vault_key import KeyRef, ensure_key
from pipelines.models.champions import LOADERS
from pipelines.replay import Replay
from pipelines.run import Outcome, Run
from pipelines.settings import Settings

Report = Callable[[Outcome], None]
Result = TypeVar("Result")


LANDED = (ledger.TABLE, *bronze.TABLES.values(), *(step.table for step in of_stage("refine")))
"""What `ingest` and `refine` make, by a run or continuously."""
MADE_BY_RUNS = tuple(step.table for step in FLOW if step.stage != "refine")
"""What only a run makes."""


def newest_date(lake: Lake, tables: Iterable[Table]) -> date:
    """The latest business date that any of the tables was made for; the first of all dates where none was."""
    heads = [lake.head(table) for table in tables]
    return max((head.mark.as_of for head in heads if head and head.mark), default=date.min)


@dataclass(frozen=True)
class Skipped:
    """A stage that another process has done, or is doing; `why` is for a person."""

    why: str


CATCH_UP_SECONDS = 300
"""So long a run waits for continuous ingest to come to the close of its date."""


@dataclass(frozen=True)
class Context:
    """An open run: the settings it was started with, and what the runner needs of them.

    Args:
        settings: Of the command.
        run: What the runner needs.
        report: Told of every table that was looked at.
        ahead: Whether bronze and silver hold what arrived after the close of this run's date.
        holds: The stages whose leases the caller holds already.
        known: Files that the caller has seen in the ledger; see `ingest.plan`.
    """

    settings: Settings
    run: Run
    report: Report
    ahead: bool = False
    holds: frozenset[str] = frozenset()
    known: set[ingestion.Key] | None = None

    @property
    def lake(self) -> Lake:
        """The lake of this run."""
        return self.run.lake

    @property
    def close(self) -> datetime:
        """When the books of this run's date closed (UTC)."""
        business = self.settings.business
        return books_close(self.run.as_of, business.time_zone, business.close_hour)


@contextmanager
def session(settings: Settings, *, app_name: str = "tillpost") -> Iterator[SparkSession]:
    """A session for one run after the other; it ends with the block, or with the block around it that opened it.

    A process that spark-submit launched has its engine already, whatever the settings say.

    Args:
        settings: Of the command.
        app_name: What Spark's own pages call it.
    """
    if (standing := SparkSession.getActiveSession()) is not None:
        yield standing
        return
    if settings.spark.engine == "sail" and not submitted():
        with sail_session(settings.spark.shuffle_partitions) as sail:
            yield sail
        return
    spark = spark_session(settings.spark, app_name=app_name)
    try:
        yield spark
    except (Py4JError, PySparkException) as error:  # whose words are the JVM's, which is about to end
        raise RuntimeError(f"{type(error).__name__}: {error}") from error
    finally:
        stop(spark)


@contextmanager
def within(spark: SparkSession, settings: Settings, as_of: date, report: Report) -> Iterator[Context]:
    """A run of one date in an open session.

    Raises:
        SettingsError: a segment or a trigger asks for a column that is not there.
    """
    predicates(settings.segments.defined)
    conditions(settings.triggers.defined)
    context = at_close(spark, settings, as_of, report)
    lake, run = Lake(spark, settings.lake.root), context.run
    ahead = newest_date(lake, LANDED) > as_of
    if newest_date(lake, MADE_BY_RUNS) <= as_of and not (ahead and _overtaken(context)):
        yield dataclasses.replace(context, ahead=ahead)
        record(context)
        return
    replay = Replay(lake, as_of, context.close, run.values)
    try:
        yield dataclasses.replace(context, run=dataclasses.replace(run, lake=lake, replay=replay))
        record(context)
    finally:
        replay.forget()


def _overtaken(context: Context) -> bool:
    """Whether a file that arrived before the close was taken with later ones, so that no version is the close's."""
    taken = Lake(context.lake.spark, context.lake.root).read(ledger.TABLE)
    then = ledger.done(context.lake.head(ledger.TABLE))
    return not taken.where((F.col("arrived_at") < F.lit(context.close)) & (F.col("batch") > then)).isEmpty()


def at_close(spark: SparkSession, settings: Settings, as_of: date, report: Report) -> Context:
    """A run of one date that is not in the past, and sees bronze and silver as they stand at its close."""
    lake = Lake(spark, settings.lake.root, until=as_of)
    run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    return Context(settings, Run(lake, run_id, as_of, settings.value, _champions(settings, as_of)), report)


def tracking_of(settings: Settings) -> Tracking:
    """The MLflow store that the settings name."""
    return Tracking(settings.tracking.uri, settings.tracking.artifacts, settings.tracking.experiment)


def _champions(settings: Settings, as_of: date) -> Callable[[str], Any]:
    @cache
    def champion(name: str) -> Any:
        tracking = tracking_of(settings)
        found = tracking.champion(name, as_of)
        return None if found is None else LOADERS[name](tracking, found)

    return champion


def unless_done(context: Context, stage: str, work: Callable[[], Result]) -> Result | Skipped:
    """Do a stage's work under its lease, unless continuous ingest does it: then wait until it has."""
    if context.ahead:
        return Skipped(
            "skipped: bronze and silver have later arrivals, and are read as they stood at the close"
        )
    patience = time.monotonic() + CATCH_UP_SECONDS
    while True:
        try:
            with leased(context, stage):
                return work()
        except LeaseHeld as held:
            if held.through is None or context.close > datetime.now(UTC) or time.monotonic() > patience:
                raise
            if held.through >= context.close:
                return Skipped(f"skipped: {held.message}, continuously; what arrived before the close is in")
        time.sleep(1)


@contextmanager
def leased(context: Context, stage: str) -> Iterator[None]:
    """Hold the lease of a stage, unless the caller does."""
    if stage in context.holds:
        yield
        return
    with lease(context.settings.lake.root, stage, context.run.run_id):
        yield


@contextmanager
def awaited(context: Context, stage: str) -> Iterator[None]:
    """Hold the lease of a stage; continuous ingest, which has it for the time of a cycle, is waited for.

    Raises:
        LeaseHeld: another run has it.
    """
    patience = time.monotonic() + CATCH_UP_SECONDS
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(leased(context, stage))
                break
            except LeaseHeld as other:
                if other.through is None or time.monotonic() > patience:
                    raise
            time.sleep(0.2)
        yield


def key_of(settings: Settings) -> KeyRef:
    """Where the vault's key is; it is made where there is none and the settings let it be."""
    return ensure_key(settings.vault.key_file, allow_generated=settings.vault.allow_generated_key)


def record(context: Context) -> None:
    """Append to `audit.runs` the commits that it lacks: of this run, of one that was killed, and of any beside it.

    Two processes may come to it at once; who comes second looks again at what is still lacking.
    """
    made = [step.table for step in FLOW]
    beside = [quarantine_of(table) for table in made if isinstance(table.write, Facts)]
    tables = [ledger.TABLE, *bronze.TABLES.values(), *made, *beside]
    for attempts_left in reversed(range(5)):
        try:
            audit.record(context.lake, tables, context.run.mark("audit"))
            return
        except ConcurrentWrite:
            if not attempts_left:
                raise
