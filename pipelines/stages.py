"""The stages of a run: what each `tillpost` subcommand and each job does, from an open session.

A stage takes a lease and brings its tables up to date. Killed anywhere and run again, it finishes what is
missing and leaves alone what is done. `audit.runs` gets the commits of all of them at the end, or before what
is published accounts for them.
"""

from __future__ import annotations

import dataclasses
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from pipelines import ingest as ingestion
from pipelines import publishing
from pipelines.bronze import records as bronze
from pipelines.calc.time import books_close
from pipelines.errors import SystemFault
from pipelines.flow import FLOW, of_stage, step_of
from pipelines.ingest import Plan
from pipelines.lakehouse import audit, log
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.lease import lease
from pipelines.lakehouse.mark import Counts, Mark
from pipelines.lakehouse.refusal import quarantine_of
from pipelines.lakehouse.session import spark_session, stop
from pipelines.lakehouse.table import Facts, Snapshot
from pipelines.lakehouse.tracking import Tracking, VersionedRead
from pipelines.lakehouse.vault import KeyRef, ensure_key
from pipelines.landing.contract import Source
from pipelines.landing.sources import SOURCES
from pipelines.models.als import champion as als_champion
from pipelines.models.als import job as als_job
from pipelines.models.als.job import TrainingResult
from pipelines.models.als.train import AlsParams
from pipelines.publish.release import Published
from pipelines.replay import Replay
from pipelines.runner import Outcome, Run, run_steps
from pipelines.settings import Settings


@dataclass(frozen=True)
class Ingested:
    """What ingest left where it lies: the files whose path breaks the layout, each with why."""

    misplaced: Sequence[tuple[str, str]]


Report = Callable[[Outcome], None]


@dataclass(frozen=True)
class Context:
    """An open run: the settings it was started with, and what the runner needs of them."""

    settings: Settings
    run: Run
    report: Report

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
def session(settings: Settings) -> Iterator[SparkSession]:
    """A session for one run after the other; it ends with the block."""
    spark = spark_session(settings.spark, app_name="tillpost")
    try:
        yield spark
    except PySparkException as error:  # whose words are the JVM's, which is about to end
        raise RuntimeError(f"{type(error).__name__}: {error}") from error
    finally:
        stop(spark)


@contextmanager
def within(spark: SparkSession, settings: Settings, as_of: date, report: Report) -> Iterator[Context]:
    """A run of one date in an open session."""
    lake = Lake(spark, settings.lake.root)
    run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    run = Run(lake, run_id, as_of, settings.value, _champions(settings, as_of))
    context = Context(settings, run, report)
    if _newest_date(lake) <= as_of:
        yield context
        _record(context)
        return
    replay = Replay(lake, as_of, context.close, run.values)
    try:
        yield dataclasses.replace(context, run=dataclasses.replace(run, replay=replay))
        _record(context)
    finally:
        replay.forget()


def tracking_of(settings: Settings) -> Tracking:
    """The MLflow store that the settings name."""
    return Tracking(settings.tracking.uri, settings.tracking.artifacts, settings.tracking.experiment)


def _champions(settings: Settings, as_of: date) -> Callable[[str], Any]:
    @cache
    def champion(name: str) -> Any:
        tracking = tracking_of(settings)
        found = tracking.champion(name, as_of)
        return None if found is None else als_champion.load(tracking, found)

    return champion


def _newest_date(lake: Lake) -> date:
    heads = [lake.head(step.table) for step in FLOW]
    return max((head.mark.as_of for head in heads if head and head.mark), default=date.min)


def ingest(context: Context) -> Ingested:
    """Landing files that arrived before the close go into bronze; a run for a past date reads none."""
    run, settings = context.run, context.settings
    if run.replay is not None:
        return Ingested(())
    key = _key(settings)
    with lease(settings.lake.root, "ingest", run.run_id):
        mark = run.mark("ingest")
        plan = ingestion.plan(context.lake, settings.landing.root, SOURCES, context.close, mark)
        if plan.batch == 0:
            raise SystemFault(
                f"No landing file in {settings.landing.root} had arrived by {context.close:%Y-%m-%d %H:%M} UTC",
                remedy="Land some (`tillpost land` writes the demo's), or --set landing.root=...",
            )
        sources = ingestion.at_work(SOURCES, plan)
        with ThreadPoolExecutor(settings.runner.parallel_tables) as pool:
            for outcome in pool.map(partial(_append, context, plan, mark, key), sources):
                context.report(outcome)
        if settings.landing.retention_days is not None:
            oldest = context.close - timedelta(days=settings.landing.retention_days)
            ingestion.expire(context.lake, settings.landing.root, SOURCES, oldest)
    return Ingested(plan.misplaced)


def _append(context: Context, plan: Plan, mark: Mark, key: KeyRef, source: Source) -> Outcome:
    settings, table, started = context.settings, bronze.TABLES[source.name], time.monotonic()
    version = ingestion.append(
        context.lake,
        source,
        plan,
        mark,
        landing_root=settings.landing.root,
        key=key,
        region=settings.business.default_region,
    )
    head = context.lake.head(table)
    return Outcome(
        table.name,
        head.version if head else 0,
        None if version is None else Counts(),
        time.monotonic() - started,
        "unchanged" if version is None else f"batch {plan.batch}",
    )


def refine(context: Context) -> None:
    """Records become facts: silver and quarantine."""
    _make(context, "refine")


def build(context: Context) -> None:
    """Facts become what marketing works from: gold."""
    _make(context, "build")


def train(context: Context) -> TrainingResult:
    """Fit ALS on what was known at the close, compare it on a time split, and promote it if the gate lets it."""
    run, settings = context.run, context.settings
    _require_lake(context)
    params = AlsParams(
        **settings.als.model_dump(include={field.name for field in dataclasses.fields(AlsParams)})
    )
    return als_job.train(
        {name: _versioned(run, name) for name in als_job.INPUTS},
        as_of=run.as_of,
        params=params,
        never_offered=settings.catalogue.never_offered,
        holdout_days=settings.als.holdout_days,
        min_gain=settings.als.gate_min_gain,
        tracking=tracking_of(settings),
    )


def _versioned(run: Run, name: str) -> VersionedRead:
    step = step_of(name)
    if step is None:
        raise ValueError(f"no build makes {name}")
    table, path = step.table, run.lake.path(step.table)
    version = run.lake.ensure(table)
    frame = run.replay.frame(table) if run.replay else run.lake.read(table, version)
    return VersionedRead(name, path, version, frame, incarnation=log.table_id(path))


def score(context: Context) -> None:
    """Champions score people, and the day's send list is made."""
    _make(context, "score")


def publish(context: Context) -> Published:
    """Validate, export and release the day's send list and report."""
    run, settings = context.run, context.settings
    _require_lake(context)
    with lease(settings.lake.root, "publish", run.run_id):
        _record(context)  # the report accounts for every record
        return publishing.publish(
            context.lake, settings, run.mark("publish"), tracking=tracking_of(settings), key=_key(settings)
        )


def _key(settings: Settings) -> KeyRef:
    return ensure_key(settings.vault.key_file, allow_generated=settings.vault.allow_generated_key)


def _make(context: Context, stage: str) -> None:
    run = context.run
    _require_lake(context)
    steps = tuple(s for s in of_stage(stage) if run.replay is None or isinstance(s.table.write, Snapshot))
    with lease(context.settings.lake.root, stage, run.run_id):
        run_steps(run, steps, parallel=context.settings.runner.parallel_tables, report=context.report)


def _require_lake(context: Context) -> None:
    if context.lake.head(ingestion.FILES) is None:
        raise SystemFault(
            f"There is no lake at {context.lake.root}",
            remedy=f"Run `tillpost ingest --as-of {context.run.as_of}` first, or --set lake.root=...",
        )


def _record(context: Context) -> None:
    """Append to `audit.runs` the commits that it lacks: of this run, and of one that was killed."""
    made = [step.table for step in FLOW]
    beside = [quarantine_of(table) for table in made if isinstance(table.write, Facts)]
    audit.record(
        context.lake, [ingestion.FILES, *bronze.TABLES.values(), *made, *beside], context.run.mark("audit")
    )


STAGES: dict[str, Callable[[Context], Any]] = {
    "ingest": ingest,
    "refine": refine,
    "build": build,
    "train": train,
    "score": score,
    "publish": publish,
}


def said_of(result: object) -> list[str]:
    """What a person should read of a stage's result, line by line."""
    match result:
        case TrainingResult():
            rows = [
                f"{goods:<10} {model:<24} nDCG@10 {ndcg:<26} recall@10 {recall}"
                for goods, model, ndcg, recall in result.rows()
            ]
            found = (
                "an earlier training of the same data, parameters and code" if result.reused else "trained"
            )
            return [f"{result.version.label}: {found}", *rows, result.decision.reason]
        case Ingested():
            return [f"not read: {path}: {why}" for path, why in result.misplaced]
        case Published():
            again = (
                "published before; nothing to do" if result.files is None else f"{len(result.files)} files"
            )
            return [f"release {result.release_id}: {again}", f"in {result.folder}"]
        case _:
            return []
