"""One day through every stage, on top of a month, half a year, a year and two years of a drawn retailer.

A day has 5,000 receipts and 50,000 web events of 100,000 people. Histories land a month a run and go through ingest,
refine and build before the clock starts; models are trained once, on a history's first month. Days on top are taken in
turn, each stage in a process of its own. Beside them stand the rebuild of the year from bronze and one day of ten times
the size, alone. All of it resumes where it was killed: a history at its month, a day at its stage. Histories stay under
`data/bench/worlds`, and days go on top of a copy, which is first brought up to the code that is measured.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import made
from benchmarks.foundation import SCRATCH, sets
from benchmarks.history import brought
from benchmarks.kept import Kept
from benchmarks.processes import measured, tillpost
from benchmarks.staged import gone, linked, staged, total
from benchmarks.stages_growth import DRIVERS
from pipelines.flow import FLOW
from pipelines.models.jobs import JOBS

A_DAY = {"receipts": 5_000, "web_events": 50_000}
PEOPLE = 100_000
DAYS = (date(2024, 12, 29), date(2024, 12, 30), date(2024, 12, 31))
HISTORIES = {"month": 30, "half": 182, "year": 365, "two_years": 730}
DAILY = ("ingest", "refine", "build", "score", "publish")
BEFORE = ("ingest", "refine", "build")
GOALS = {"ratio": 1.3, "share": 1 / 50}
PLACE = SCRATCH / "day_on_history"
TRAINED = tuple(f"{name}.holdout_days=14" for name in ("als", *(job.name for job in JOBS)))
"""Of a first month the second half is foreseen."""

BY_PERSON = frozenset(step.table.name for step in FLOW if step.table.scope[:1] == ("person_id",))


def day_on_history(
    histories: Mapping[str, int] = HISTORIES, days: Sequence[date] = DAYS, shrink: int = 1
) -> dict[str, Any]:
    """Seconds of a day by stage on each history, of the rebuild of the year, and of a day of ten times the size.

    Args:
        histories: By name, how many days lie before; `month`, `year` and `two_years` are among them.
        days: Those on top, the first of which is `DAYS`' own.
        shrink: The retailer is so many times smaller.
    """
    kept = Kept(PLACE / "measured")
    for name, before in histories.items():
        history = SCRATCH / "worlds" / f"days-{before}-{shrink}"
        brought(history, DAYS[0], before, partial(_land, shrink=shrink), _built)
        kept.once(f"{name}-copied", partial(_copied, history, PLACE / name))
    rebuild = _rebuilt(kept, SCRATCH / "worlds" / f"days-{histories['year']}-{shrink}")
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in histories}
    for day in days:
        for name, of in runs.items():
            of.append(_on_top(kept, f"{name}-{day}", PLACE / name, day, shrink))
    alone = _alone(kept, shrink)
    found = {name: _middle(of) for name, of in runs.items()}
    shutil.rmtree(PLACE)
    return {
        "days": found,
        "rebuild": rebuild,
        "alone": alone,
        "by_person": {name: parts(rows) for name, rows in found.items()},
        "ratio": total(found["two_years"]) / total(found["month"]),
        "share": total(found["year"]) / total(rebuild),
        "command": "python -m benchmarks --only day_on_history",
    }


def parts(rows: Mapping[str, Any]) -> dict[str, float]:
    """Seconds of the tables that hold rows by person, and of all others.

    >>> parts({"build": {"tables": {"gold.customer_totals": 2.0, "gold.kpi_daily": 0.5}}})
    {'person': 2.0, 'other': 0.5}
    """
    tables = [item for row in rows.values() for item in row["tables"].items()]
    whose = {True: 0.0, False: 0.0}
    for name, seconds in tables:
        whose[name in BY_PERSON] += seconds
    return {"person": round(whose[True], 1), "other": round(whose[False], 1)}


def _middle(runs: list[dict[str, Any]]) -> dict[str, Any]:
    return sorted(runs, key=total)[len(runs) // 2]


def _land(place: Path, days: Sequence[date], *, shrink: int) -> None:
    if not (place / "lake").exists():
        made.reference(place / "landing", days[0] - timedelta(1))
    for day in days:
        _landed(place / "landing", day, shrink)


def _landed(landing: Path, day: date, shrink: int, times: int = 1) -> None:
    for source, records in A_DAY.items():
        made.land(landing, source, day, max(1, records * times // shrink), people=max(1, PEOPLE // shrink))


def _built(place: Path, day: date) -> None:
    """What landed, until gold; after the first run the models are trained."""
    first = not (place / "runs").exists()
    for stage in (*BEFORE, *(("train",) if first else ())):
        _run(place, day, stage)


def _run(place: Path, day: date, stage: str) -> None:
    values = [*sets(place), f"landing.root={place / 'landing'}", DRIVERS, *TRAINED]
    words = (word for pair in values for word in ("--set", pair))
    measured(tillpost([stage, "--as-of", str(day), *words]))


def _copied(history: Path, place: Path) -> None:
    gone(place)
    linked(history, place)
    for stage in BEFORE[1:]:
        _run(place, DAYS[0] - timedelta(1), stage)


def _on_top(kept: Kept, name: str, place: Path, day: date, shrink: int) -> dict[str, Any]:
    """A day's stages; it lands before the first, unless that is done."""
    landing = PLACE / f"{name}.landing"
    kept.once(f"{name}-landed", partial(_dropped, landing, day, shrink))
    return _ended(kept, name, staged(kept, name, place, landing, day, stages=DAILY))


def _ended(kept: Kept, name: str, rows: dict[str, Any]) -> dict[str, Any]:
    """The rows of a day that came to its end: of half a day there is nothing to say."""
    for stage, row in rows.items():
        if row["ended"]:
            kept.forget(f"{name}-{stage}")
            raise SystemExit(f"bench: {stage} of {name} did not end: {row['ended']}")
    return rows


def _dropped(landing: Path, day: date, shrink: int, times: int = 1) -> None:
    shutil.rmtree(landing, ignore_errors=True)
    _landed(landing, day, shrink, times)


def _alone(kept: Kept, shrink: int) -> dict[str, Any]:
    place, landing = PLACE / "alone", PLACE / "alone.landing"

    def land() -> None:
        _dropped(landing, DAYS[0], shrink, times=10)
        made.reference(landing, DAYS[0] - timedelta(1))

    kept.once("alone-landed", land)
    kept.once("alone-begun", partial(gone, place))
    return _ended(kept, "alone", staged(kept, "alone", place, landing, DAYS[0], stages=DAILY))


def _rebuilt(kept: Kept, history: Path) -> dict[str, Any]:
    """Everything behind bronze, of the year's history."""
    place = PLACE / "rebuild"

    def copied() -> None:
        gone(place)
        linked(history, place)
        for layer in ("silver", "gold", "quarantine"):
            shutil.rmtree(place / "lake" / layer, ignore_errors=True)

    kept.once("rebuild-copied", copied)
    day = DAYS[0] - timedelta(1)
    rows = staged(kept, "rebuild", place, place / "landing", day, stages=("refine", "build", "score"))
    gone(place)
    return rows
