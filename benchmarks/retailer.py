"""A day of a mid-size retailer from its files to silver, and a day on top of a month and of a year.

The day has 50,000 receipts of 158 stores, 1 M web events and 500,000 mail events of a million people. History is at a
tenth of that size, lands day by day, and goes into silver a month a run before the clock starts: what a run groups it
holds in memory.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks import made
from benchmarks.foundation import SCRATCH, sets
from benchmarks.processes import Measured, measured

A_DAY = {"receipts": 50_000, "web_events": 1_000_000, "engagement": 500_000}
PEOPLE = 1_000_000
DAY = date(2024, 12, 30)
HISTORIES = {"month": 30, "year": 365}
MONTH = 30
PART = 10  # histories are of a retailer so many times smaller
GOAL = 1.2  # a day on a year, as a multiple of a day on a month


def retailer(shrink: int = 1) -> dict[str, Any]:
    """The whole day on nothing, then a tenth of it on a month and on a year; all of it so many times smaller."""
    place = SCRATCH / "retailer"
    whole = _emptied(place)
    _land(whole, [DAY], part=shrink)
    found = {"whole": _to_silver(whole, DAY).cost}
    for name, days in HISTORIES.items():
        root = _emptied(place)
        for last in range(days, 0, -MONTH):
            month = [DAY - timedelta(days=n) for n in range(last, max(last - MONTH, 0), -1)]
            _land(root, month, part=PART * shrink)
            _to_silver(root, month[-1])
        _land(root, [DAY], part=PART * shrink)
        found[name] = _to_silver(root, DAY).cost
    shutil.rmtree(place)
    ratio = found["year"]["seconds"] / found["month"]["seconds"]
    return {**found, "ratio": round(ratio, 2), "command": "python -m benchmarks --only retailer"}


def _emptied(place: Path) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    return place


def _land(root: Path, days: Iterable[date], *, part: int) -> None:
    for day in days:
        for source, records in A_DAY.items():
            made.land(root / "landing", source, day, records // part, people=PEOPLE // part)


def _to_silver(root: Path, day: date) -> Measured:
    return measured([sys.executable, "-m", "benchmarks.retailer", str(root), str(day)])


def main(place: str, day: str) -> None:
    """Bring what landed under a place by a day into silver; tells the seconds of each stage."""
    from pipelines import context, stages
    from pipelines.settings import load

    root = Path(place)
    settings = load(Path("conf/local.yaml"), [*sets(root), f"landing.root={root / 'landing'}"])
    with (
        context.session(settings) as spark,
        context.within(spark, settings, date.fromisoformat(day), lambda outcome: None) as run,
    ):
        for name in ("ingest", "refine"):
            started = time.monotonic()
            stages.STAGES[name](run)
            print(f"{name} took {time.monotonic() - started:.1f} s", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
