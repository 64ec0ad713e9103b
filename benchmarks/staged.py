"""A lake brought through every stage, a process a stage: what each costs, and where a killed benchmark goes on.

How the lake stood before a stage is kept until the stage after it begins, so that one that was killed half-way is
measured from there, and not what was left of it. Parquet files never change, so they are linked and not copied.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.foundation import sets
from benchmarks.kept import Kept
from benchmarks.processes import exponent, measured, table_seconds, tillpost
from benchmarks.scale import Limits

STAGES = ("ingest", "refine", "build", "train", "score", "publish")
UNIT = Limits(None, 3600.0)
"""No unit of a benchmark takes longer than an hour."""


def staged(
    kept: Kept,
    name: str,
    place: Path,
    landing: Path,
    day: date,
    *,
    stages: Sequence[str] = STAGES,
    more: Sequence[str] = (),
) -> dict[str, Any]:
    """What each stage of a date cost, by its name; the first that did not end is the last that is there.

    Args:
        kept: Where rows are kept, as `<name>-<stage>`.
        name: Of these rows.
        place: Of the lake; see `foundation.sets`.
        landing: The landing folder.
        day: The business date.
        stages: In order.
        more: Other settings.
    """
    rows: dict[str, Any] = {}
    for stage in stages:
        do = partial(_stage, place, [f"landing.root={landing}", *more], day, stage)
        rows[stage] = kept.once(f"{name}-{stage}", do)
        if rows[stage]["ended"]:
            break
    return rows


def total(rows: Mapping[str, Any], what: str = "seconds") -> float:
    """Of all stages."""
    return float(sum(row[what] for row in rows.values()))


def exponents(growth: Mapping[int, Mapping[str, Any]], what: str = "seconds") -> dict[str, float]:
    """By stage the power of the size by which it grows, from the smallest to the largest that ended; null: of one size.

    >>> row = lambda seconds: {"seconds": seconds, "ended": ""}
    >>> exponents({10: {"build": row(1.0)}, 100: {"build": row(10.0)}, 1000: {"build": {**row(5.0), "ended": "time"}}})
    {'build': 1.0}
    """
    found = {}
    for stage in STAGES:
        points = [
            (size, max(rows[stage][what], 0.1))
            for size, rows in sorted(growth.items())
            if stage in rows and not rows[stage]["ended"]
        ]
        if len(points) > 1:
            found[stage] = exponent(points)
    return found


def first_bend(growth: Mapping[int, Mapping[str, Any]], goal: float) -> tuple[str, int] | None:
    """The stage that grows faster than the goal, or does not end, at the smallest size, and that size; null: none.

    Between two sizes that follow each other; of several stages the one that bends most.
    """
    sizes = sorted(growth)
    for small, large in pairwise(sizes):
        stopped = [stage for stage, row in growth[large].items() if row["ended"]]
        if stopped:
            return stopped[0], large
        bends = exponents({size: growth[size] for size in (small, large)})
        stage = max(bends, key=lambda name: bends[name])
        if bends[stage] > goal:
            return stage, large
    return None


def _stage(place: Path, values: Iterable[str], day: date, stage: str) -> dict[str, Any]:
    as_it_stood(place, stage)
    words = (word for pair in [*sets(place), *values] for word in ("--set", pair))
    ran = measured(tillpost([stage, "--as-of", str(day), *words]), UNIT)
    return {**ran.cost, "tables": table_seconds(ran.lines)}


def as_it_stood(place: Path, stage: str) -> None:
    """Put a place back to where it was if the stage had begun before; else keep how it stands.

    What is kept stays until the next stage begins.
    """
    before = place.with_name(f"{place.name}.before-{stage}")
    place.mkdir(parents=True, exist_ok=True)
    if before.exists():
        shutil.rmtree(place)
        linked(before, place)
        return
    gone(place, itself=False)
    half = place.with_name(f"{place.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    linked(place, half)
    half.rename(before)


def linked(source: Path, target: Path) -> None:
    """A copy of a folder, which shares what never changes."""

    def copy(file: str, to: str) -> str:
        alike: Callable[[str, str], object] = os.link if file.endswith(".parquet") else shutil.copy2
        alike(file, to)
        return to

    shutil.copytree(source, target, copy_function=copy)


def gone(place: Path, *, itself: bool = True) -> None:
    """Remove what was kept of a place, and the place."""
    for before in place.parent.glob(f"{place.name}.before-*"):
        shutil.rmtree(before)
    if itself:
        shutil.rmtree(place, ignore_errors=True)


def logged(folder: Path) -> list[str]:
    """The settings of a run on Spark that leaves its event logs in a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    conf = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": folder.resolve().as_uri(),
        "spark.eventLog.compress": "false",
    }
    return ["spark.engine=spark", f"spark.conf={json.dumps(conf)}"]


def shuffled(folder: Path) -> dict[str, int]:
    """Jobs, tasks, and bytes that they shuffled and spilled to disk, by the event logs that Spark left in a folder."""
    found = {"jobs": 0, "tasks": 0, "shuffled": 0, "spilled": 0}
    for file in (file for file in folder.rglob("*") if file.is_file()):
        with file.open(encoding="utf-8") as lines:
            for event in (json.loads(line) for line in lines if line.startswith("{")):
                found["jobs"] += event.get("Event") == "SparkListenerJobStart"
                found["tasks"] += event.get("Event") == "SparkListenerTaskEnd"
                metrics = event.get("Task Metrics") or {}
                found["shuffled"] += metrics.get("Shuffle Write Metrics", {}).get("Shuffle Bytes Written", 0)
                found["spilled"] += metrics.get("Disk Bytes Spilled", 0)
    return found
