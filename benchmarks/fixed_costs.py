"""What a run costs however little there is: a session's start, a day's jobs, commits and files, and files over a month.

A little made retailer has `WORLD.days` days of history; the next day's `tillpost run` is counted on each engine, in a
lake of its own. Then `DAYS` more days are run one by one, on Sail, and the files of all tables are counted: as they
are, and after one `tillpost maintain`.
"""

from __future__ import annotations

import shutil
import sys
import time
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable

from benchmarks.foundation import SCRATCH, sets
from benchmarks.kept import Kept
from benchmarks.little import LAST, World
from benchmarks.processes import measure, measured
from benchmarks.staged import logged, shuffled
from pipelines.catalog import TABLES
from pipelines.lakehouse import log
from pipelines.lakehouse.lake import path_of

WORLD = World(20_000, 10_000, 1_000, days=60)
ENGINES = ("sail", "spark")
DAYS, STARTS = 30, 3
UNTIL_SCORE = ("ingest", "refine", "build", "score")
PLACE = SCRATCH / "fixed_costs"


def fixed_costs(world: World = WORLD, days: int = DAYS) -> dict[str, Any]:
    """Each figure kept by itself."""
    kept = Kept(PLACE / "measured")
    return {
        "starts": {engine: kept.once(f"start-{engine}", partial(_started, engine)) for engine in ENGINES},
        "day": {engine: kept.once(f"day-{engine}", partial(_day, engine, world)) for engine in ENGINES},
        "month": kept.once("month", partial(_month, world, days)),
        "days": days,
        "command": "python -m benchmarks --only fixed_costs",
    }


def _started(engine: str) -> float:
    """Seconds from a command's start until its session has answered; the middle of some."""
    runs = [
        measured([sys.executable, "-m", "benchmarks.fixed_costs", "start", engine]) for _ in range(STARTS)
    ]
    return median(run.seconds for run in runs)


def _day(engine: str, world: World) -> dict[str, Any]:
    place, following = PLACE / engine, LAST + timedelta(days=1)
    shutil.rmtree(place, ignore_errors=True)
    given = [f"landing.root={place}/landing", f"spark.engine={engine}"]
    world.land_history(place)
    measure(_words("run", LAST, place, given))
    before = _files(place)
    world.land(place, [following])
    logs = logged(place / "events") if engine == "spark" else []
    cost = measure(_words("run", following, place, [*given, *logs]))
    new = {path: size for path, size in _files(place).items() if path not in before}
    data = [size for path, size in new.items() if path.endswith(".parquet") and "_delta_log" not in path]
    spark = shuffled(place / "events") if logs else None
    shutil.rmtree(place)
    return {
        "seconds": cost.seconds,
        "cpu_seconds": cost.cpu_seconds,
        "jobs": spark and spark["jobs"],
        "tasks": spark and spark["tasks"],
        "commits": sum(Path(path).parent.name == "_delta_log" and path.endswith(".json") for path in new),
        "files": len(data),
        "bytes": sum(data),
        "middle_bytes": median(data),
    }


def _month(world: World, days: int) -> dict[str, Any]:
    place = PLACE / "month"
    shutil.rmtree(place, ignore_errors=True)
    world.land_history(place)
    following = [LAST + timedelta(days=number) for number in range(1, days + 1)]
    world.land(place, following)
    run = [sys.executable, "-m", "benchmarks.fixed_costs", "days", str(place), str(days)]
    seconds = measured(run).seconds
    without = _standing(place)
    upkeep = measure(["maintain", *(word for pair in sets(place) for word in ("--set", pair))])
    found = {
        "seconds": seconds,
        "without": without,
        "with": _standing(place),
        "maintain_seconds": upkeep.seconds,
    }
    shutil.rmtree(place)
    return found


def _words(command: str, day: date, place: Path, more: list[str]) -> list[str]:
    return [
        command,
        "--as-of",
        str(day),
        *(word for pair in [*sets(place), *more] for word in ("--set", pair)),
    ]


def _files(place: Path) -> dict[str, int]:
    lake = place / "lake"
    return {str(file): file.stat().st_size for file in lake.rglob("*") if file.is_file()}


def _standing(place: Path) -> dict[str, Any]:
    """The data files that the newest versions of all tables are made of; and the table with most of them."""
    root = str(place / "lake")
    paths = {table.name: path_of(root, table) for table in TABLES}
    sizes = {name: _data_files(path) for name, path in paths.items() if log.head(path) is not None}
    every = [size for of in sizes.values() for size in of]
    most = max(sizes, key=lambda name: len(sizes[name]))
    return {
        "files": len(every),
        "bytes": sum(every),
        "middle_bytes": median(every),
        "most": most,
        "of_most": len(sizes[most]),
    }


def _data_files(path: str) -> list[int]:
    """Bytes of each data file of a table's newest version."""
    actions = pa.table(DeltaTable(path).get_add_actions(flatten=True))
    found: list[int] = actions["size_bytes"].to_pylist()
    return found


def start(engine: str) -> None:
    """Open a session and ask it for a row."""
    from pipelines import context
    from pipelines.settings import load

    settings = load(Path("conf/local.yaml"), [*sets(PLACE), f"spark.engine={engine}"])
    with context.session(settings) as spark:
        spark.sql("SELECT 1").collect()


def days(place: str, number: str) -> None:
    """Run so many days, each up to its send list, from the last of the history on."""
    from pipelines import context, stages
    from pipelines.settings import load

    root = Path(place)
    settings = load(Path("conf/local.yaml"), [*sets(root), f"landing.root={root / 'landing'}"])
    with context.session(settings) as spark:
        for day in (LAST + timedelta(days=n) for n in range(int(number) + 1)):
            began = time.monotonic()
            with context.within(spark, settings, day, lambda outcome: None) as run:
                for name in UNTIL_SCORE:
                    stages.STAGES[name](run)
            print(f"{day} {time.monotonic() - began:.1f}", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "start":
        start(sys.argv[2])
    else:
        days(*sys.argv[2:])
