"""The points that `tillpost plan` stands on: made retailers through every stage, from nothing and a day on top.

The worlds of `SERIES` grow, all in one proportion; those of `ASIDE` have other shares of lines, events and people, so
that each can be told from the others. One goes through the stages that an engine does (models are fitted and files
written by the driver) on Spark, too, which says what it shuffles. The points go into `pipelines/plan/measured.json`,
and into a section of the page.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.foundation import SCRATCH
from benchmarks.kept import Kept
from benchmarks.little import LAST, World, commanded
from benchmarks.machine import facts
from benchmarks.staged import logged, shuffled
from pipelines.plan.measured import FILE

SERIES = (World(250_000, 125_000, 10_000), World(1_000_000, 500_000, 40_000))
ASIDE = (World(60_000, 240_000, 20_000), World(200_000, 20_000, 2_000))
ON_SPARK = World(60_000, 30_000, 2_400)
BY_ENGINE = ("ingest", "refine", "build", "score")
PLACE = SCRATCH / "plan"
COMMAND = "python -m benchmarks --only plan"


def plan(
    series: Sequence[World] = SERIES,
    aside: Sequence[World] = ASIDE,
    spark: World = ON_SPARK,
    file: Path = FILE,
) -> dict[str, Any]:
    """Every world, kept one by one; the file is written when all are there."""
    kept = Kept(PLACE / "measured")
    points = [
        point for world in (*series, *aside) for point in kept.once(world.name, partial(points_of, world))
    ]
    beside = kept.once(f"spark-{spark.name}", partial(_on_spark, spark))
    record(file, points=points, spark=beside)
    return {"points": points, "spark": beside, "command": COMMAND}


def rehearsed() -> dict[str, Any]:
    """The same with one little world and a file of its own."""
    little = World(20_000, 10_000, 1_000, days=60)
    PLACE.mkdir(parents=True, exist_ok=True)
    return plan((little,), (), little, PLACE / "measured.json")


def points_of(world: World) -> list[dict[str, Any]]:
    """A world from nothing, and the next day on top of it, as the file has them."""
    place = PLACE / world.name
    shutil.rmtree(place, ignore_errors=True)
    world.land_history(place)
    found = [_point(world, stage, *cost) for stage, cost in commanded(place, LAST).items()]
    following = LAST + timedelta(days=1)
    world.land(place, [following])
    found += [_point(world, stage, *cost, day=True) for stage, cost in commanded(place, following).items()]
    shutil.rmtree(place)
    return found


def _point(world: World, stage: str, cost: Any, stored: int, day: bool = False) -> dict[str, Any]:
    part = world.days if day else 1
    return {
        "stage": stage,
        "lines": world.lines // part,
        "events": world.events // part,
        "people": world.people,
        "standing_lines": world.lines if day else 0,
        "standing_events": world.events if day else 0,
        "seconds": cost.seconds,
        "cpu_seconds": cost.cpu_seconds,
        "peak_bytes": cost.peak_bytes,
        "bytes_stored": stored,
    }


def _on_spark(world: World) -> dict[str, Any]:
    spent = {}
    for engine in ("sail", "spark"):
        place = PLACE / f"{engine}-{world.name}"
        shutil.rmtree(place, ignore_errors=True)
        world.land_history(place)
        how = logged(place / "events") if engine == "spark" else ["spark.engine=sail"]
        spent[engine] = sum(
            cost.cpu_seconds for cost, _ in commanded(place, LAST, *how, stages=BY_ENGINE).values()
        )
    did = shuffled(place / "events")
    for engine in spent:
        shutil.rmtree(PLACE / f"{engine}-{world.name}")
    return {
        "rows": world.lines + world.events,
        "cpu_seconds": round(spent["spark"], 1),
        "sail_cpu_seconds": round(spent["sail"], 1),
        "shuffle_bytes": did["shuffled"],
        "jobs": did["jobs"],
    }


def record(
    file: Path = FILE,
    *,
    points: Iterable[Mapping[str, Any]] = (),
    spark: Mapping[str, Any] | None = None,
    skew: Mapping[str, float] | None = None,
) -> None:
    """Put what was measured into the file: a point replaces that of the same stage and world, others stay.

    Args:
        file: `pipelines/plan/measured.json`, or another in a rehearsal.
        points: As `pipelines.plan.measured.Point` has them.
        spark: As `OnSpark` has it; null: as it stands.
        skew: Ratio by trap; null: as it stands.
    """
    standing = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    measured = {_world(point): dict(point) for point in (*standing.get("points", []), *points)}
    whole = {
        "machine": facts(),
        "cores": len(os.sched_getaffinity(0)),
        "points": list(measured.values()),
        "spark": spark or standing.get("spark"),
        "skew": skew or standing.get("skew", {}),
    }
    file.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


def _world(point: Mapping[str, Any]) -> tuple[Any, ...]:
    names = ("stage", "lines", "events", "people")
    return *(point[name] for name in names), point.get("standing_lines", 0), point.get("standing_events", 0)
