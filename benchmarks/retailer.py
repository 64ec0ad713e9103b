"""A day of a mid-size retailer from its files to silver, and days on top of a month and of a year.

The day has 50,000 receipts of 158 stores, 1 M web events and 500,000 mail events of a million people. The live gold
that `refine` makes, too, is left to `day_on_history`. Histories are at
a tenth of that size, land day by day, and go into silver a month a run before the clock starts: what a run groups it
holds in memory. They stay until all is measured, so a benchmark that was killed goes on with the run that it had
come to. The days on top are taken in turn.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterable
from datetime import date
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import made
from benchmarks.foundation import SCRATCH, sets
from benchmarks.history import brought
from benchmarks.kept import Kept
from benchmarks.processes import Measured, measured

A_DAY = {"receipts": 50_000, "web_events": 1_000_000, "engagement": 500_000}
PEOPLE = 1_000_000
DAYS = (date(2024, 12, 30), date(2024, 12, 31), date(2025, 1, 1))
HISTORIES = {"month": 30, "year": 365}
PART = 10  # histories are of a retailer so many times smaller
GOAL = 1.2  # a day on a year, as a multiple of a day on a month


def retailer(shrink: int = 1) -> dict[str, Any]:
    """The whole day on nothing, then a tenth of it on a month and on a year; all of it so many times smaller."""
    place = SCRATCH / "retailer"
    kept = Kept(place / "measured")
    for name, days in HISTORIES.items():
        brought(place / name, DAYS[0], days, partial(_land, part=PART * shrink), _to_silver)
    whole = kept.once("whole", partial(_whole, place / "whole", shrink))
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in HISTORIES}
    for day in DAYS:
        for name, of in runs.items():
            on_top = partial(_a_day, place / name, day, part=PART * shrink)
            of.append(kept.once(f"{name}-{day}", on_top))
    shutil.rmtree(place)
    found = {
        name: min(of, key=lambda run: abs(run["seconds"] - _middle(of, "seconds")))
        for name, of in runs.items()
    }
    ratios = {
        what: round(_middle(runs["year"], what) / _middle(runs["month"], what), 2)
        for what in ("seconds", "cpu_seconds")
    }
    return {"whole": whole, **found, "ratios": ratios, "command": "python -m benchmarks --only retailer"}


def _middle(runs: list[dict[str, Any]], what: str) -> float:
    return median(run[what] for run in runs)


def _whole(place: Path, shrink: int) -> dict[str, Any]:
    shutil.rmtree(place, ignore_errors=True)
    cost = _a_day(place, DAYS[0], part=shrink)
    shutil.rmtree(place)
    return cost


def _a_day(place: Path, day: date, *, part: int) -> dict[str, Any]:
    _land(place, [day], part=part)
    ran = _to_silver(place, day)
    made = (line.split("\t") for line in ran.lines if "\t" in line)
    return {**ran.cost, "tables": {table: float(seconds) for table, seconds in made}}


def _land(root: Path, days: Iterable[date], *, part: int) -> None:
    for day in days:
        for source, records in A_DAY.items():
            made.land(root / "landing", source, day, records // part, people=PEOPLE // part)


def _to_silver(root: Path, day: date) -> Measured:
    return measured([sys.executable, "-m", "benchmarks.retailer", str(root), str(day)])


def main(place: str, day: str) -> None:
    """Bring what landed under a place by a day into silver; tells the seconds of each table and stage."""
    from pipelines import context, stages
    from pipelines.flow import of_stage
    from pipelines.runner import run_steps
    from pipelines.settings import load

    root = Path(place)
    settings = load(Path("conf/local.yaml"), [*sets(root), f"landing.root={root / 'landing'}"])
    with (
        context.session(settings) as spark,
        context.within(
            spark,
            settings,
            date.fromisoformat(day),
            lambda outcome: print(f"{outcome.table}\t{outcome.seconds:.1f}", flush=True),
        ) as run,
    ):
        silver = tuple(step for step in of_stage("refine") if step.table.name.startswith("silver."))
        parallel = settings.runner.parallel_tables
        for name, do in {
            "ingest": lambda: stages.ingest(run),
            "refine": lambda: run_steps(run.run, silver, parallel=parallel, report=run.report),
        }.items():
            started = time.monotonic()
            do()
            print(f"{name} took {time.monotonic() - started:.1f} s", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
