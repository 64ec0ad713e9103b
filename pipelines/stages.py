"""The stages of a run: what each `tillpost` subcommand and each job does, from an open session.

A stage takes a lease and brings its tables up to date. Killed anywhere and run again, it finishes what is
missing and leaves alone what is done. `audit.runs` gets the commits of all of them at the end, or before what
is published accounts for them.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from pipelines import ingest as ingestion
from pipelines import publishing
from pipelines.bronze import files as ledger
from pipelines.bronze import records as bronze
from pipelines.context import Context, Skipped, awaited, key_of, record, tracking_of, unless_done
from pipelines.errors import DataError, SettingsError, SystemFault
from pipelines.flow import of_stage, step_of
from pipelines.ingest import Plan
from pipelines.lakehouse import log
from pipelines.lakehouse.mark import Mark
from pipelines.lakehouse.table import Snapshot
from pipelines.lakehouse.tracking import VersionedRead
from pipelines.lakehouse.vault_key import KeyRef
from pipelines.landing.contract import Source
from pipelines.landing.drift import Drift
from pipelines.landing.sources import SOURCES
from pipelines.models import training
from pipelines.models.als import job as als_job
from pipelines.models.als.train import AlsParams
from pipelines.models.days import INPUTS
from pipelines.models.jobs import JOBS
from pipelines.models.training import Job, TrainingResult
from pipelines.publish.release import Published
from pipelines.run import Outcome, Run, counted
from pipelines.runner import run_steps


@dataclass(frozen=True)
class Ingested:
    """What ingest left where it lies, each file with why, and the fields that it met and no contract names."""

    left: Sequence[tuple[str, str]] = ()
    drift: Sequence[Drift] = ()


def ingest(context: Context) -> Ingested | Skipped:
    """Landing files that arrived before the close go into bronze; a run for a past date reads none."""
    if context.run.replay is not None:
        return Ingested()
    return unless_done(context, "ingest", lambda: _ingest(context))


def _ingest(context: Context) -> Ingested:
    run, settings = context.run, context.settings
    key, mark, root = key_of(settings), run.mark("ingest"), settings.landing.root
    plan = ingestion.plan(
        context.lake,
        root,
        SOURCES,
        context.close,
        mark,
        most=settings.landing.batch_bytes,
        known=context.known,
    )
    if plan.batch == 0:
        raise SystemFault(
            f"No landing file in {root} had arrived by {context.close:%Y-%m-%d %H:%M} UTC",
            remedy="Land some (`tillpost land` writes the demo's), or --set landing.root=...",
        )
    sources = ingestion.at_work(SOURCES, plan)
    drift = []
    with ThreadPoolExecutor(settings.runner.parallel_tables) as pool:
        for outcome, found in pool.map(partial(_append, context, plan, mark, key), sources):
            context.report(outcome)
            drift += [found] if found else []
    if settings.landing.retention_days is not None:
        oldest = context.close - timedelta(days=settings.landing.retention_days)
        ingestion.expire(context.lake, root, SOURCES, oldest)
    kept = settings.landing.records_days
    if unknown := kept.keys() - {source.name for source in SOURCES}:
        raise SettingsError(
            f"landing.records_days: there is no source {', '.join(sorted(unknown))}",
            remedy=f"The sources are {', '.join(source.name for source in SOURCES)}.",
        )
    for source in sources:
        if source.name in kept:
            ingestion.retire(context.lake, source, kept[source.name], context.close, mark)
    return Ingested(plan.left, drift)


def _append(
    context: Context, plan: Plan, mark: Mark, key: KeyRef, source: Source
) -> tuple[Outcome, Drift | None]:
    settings, table, started = context.settings, bronze.TABLES[source.name], time.monotonic()
    appended = ingestion.append(
        context.lake,
        source,
        plan,
        mark,
        landing_root=settings.landing.root,
        key=key,
        region=settings.business.default_region,
    )
    head = context.lake.head(table)
    outcome = Outcome(
        table.name,
        head.version if head else 0,
        None if appended is None else counted(context.lake, table),
        time.monotonic() - started,
        "unchanged" if appended is None else f"batch {plan.batch}",
    )
    return outcome, appended.drift if appended else None


def refine(context: Context) -> Skipped | None:
    """Records become facts: silver and quarantine."""
    _require_lake(context)
    return unless_done(context, "refine", lambda: _steps(context, "refine"))


def build(context: Context) -> None:
    """Facts become what marketing works from: gold."""
    _make(context, "build")


def train(
    context: Context, jobs: Sequence[Job[Any, Any]] = JOBS
) -> list[TrainingResult | als_job.TrainingResult | Skipped]:
    """Fit the models on what was known at the close, compare each on a time split, and promote those the gate lets.

    A young shop may have enough history for ALS, and too little for the others, which then say so.

    Args:
        context: The run.
        jobs: Of the models beside ALS.
    """
    _require_lake(context)
    trained: list[TrainingResult | als_job.TrainingResult | Skipped] = [_train_als(context)]
    for job in jobs:
        try:
            trained.append(_train(context, job))
        except DataError as error:
            trained.append(Skipped(f"{job.name} is not trained: {error.message}"))
    return trained


def _train(context: Context, job: Job[Any, Any]) -> TrainingResult:
    run, settings = context.run, context.settings
    section = getattr(settings, job.name)
    named = {field.name for field in dataclasses.fields(job.params)}
    return training.train(
        job,
        {name: _versioned(run, name) for name in job.inputs},
        as_of=run.as_of,
        params=job.params(**section.model_dump(include=named)),
        never_offered=settings.catalogue.never_offered,
        holdout_days=section.holdout_days,
        tracking=tracking_of(settings),
    )


def _train_als(context: Context) -> als_job.TrainingResult:
    run, settings = context.run, context.settings
    params = AlsParams(
        **settings.als.model_dump(include={field.name for field in dataclasses.fields(AlsParams)})
    )
    return als_job.train(
        {name: _versioned(run, name) for name in INPUTS},
        as_of=run.as_of,
        params=params,
        driver_rows=settings.als.driver_rows,
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
    with awaited(context, "publish"):
        record(context)  # the report accounts for every record
        return publishing.publish(
            context.lake, settings, run.mark("publish"), tracking=tracking_of(settings), key=key_of(settings)
        )


def _make(context: Context, stage: str) -> None:
    _require_lake(context)
    with awaited(context, stage):
        _steps(context, stage)


def _steps(context: Context, stage: str) -> None:
    run = context.run
    steps = tuple(s for s in of_stage(stage) if run.replay is None or isinstance(s.table.write, Snapshot))
    run_steps(run, steps, parallel=context.settings.runner.parallel_tables, report=context.report)


def _require_lake(context: Context) -> None:
    if context.lake.head(ledger.TABLE) is None:
        raise SystemFault(
            f"There is no lake at {context.lake.root}",
            remedy=f"Run `tillpost ingest --as-of {context.run.as_of}` first, or --set lake.root=...",
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
        case list():
            return [line for one in result for line in said_of(one)]
        case TrainingResult():
            return result.lines()
        case als_job.TrainingResult():
            rows = [
                f"{goods:<10} {model:<24} nDCG@10 {ndcg:<26} recall@10 {recall}"
                for goods, model, ndcg, recall in result.rows()
            ]
            found = (
                "an earlier training of the same data, parameters and code" if result.reused else "trained"
            )
            return [f"{result.version.label}: {found}", *rows, result.decision.reason]
        case Ingested():
            return [*(f"not read: {path}: {why}" for path, why in result.left), *map(str, result.drift)]
        case Skipped():
            return [result.why]
        case Published():
            again = (
                "published before; nothing to do" if result.files is None else f"{len(result.files)} files"
            )
            return [f"release {result.release_id}: {again}", f"in {result.folder}"]
        case _:
            return []
