"""The main job, from landing files to the day's lists and figures, beside a script of DuckDB, scipy and `implicit`.

Three processes take the same files in turn: all that `tillpost run --train` does (up to `OFTEN_UP_TO` lines); the part
of it that the script does too (the tables of `SHARED`, those that they read, and the two models); and the script
(`peers/main_duckdb.py`). What both make is held against each other, row by row. Each may take `MEMORY` of resident
sets and `SECONDS`, and is ended there; DuckDB is told to keep within three quarters of it.

The first size are the real receipts of The Complete Journey, the others are drawn (`made.world`) and stay under
`data/bench/worlds`. A run that was measured is not measured again until all of them are.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import made
from benchmarks.foundation import LAST, SCRATCH, sets
from benchmarks.kept import Kept
from benchmarks.main_compared import closure, compared
from benchmarks.processes import Measured, measure, measured, table_seconds, tillpost
from benchmarks.scale import Limits
from benchmarks.stages_growth import DRIVERS
from pipelines.settings import Settings, load

REAL = 1_469_307
LINES = (4_000_000, 16_000_000, 50_000_000)
TIMES, OFTEN_UP_TO = 3, 4_000_000
GOALS = {"real": 3.0, "largest": 1.0}
"""tillpost's seconds at most, as a multiple of the script's, for the part that both do."""

MEMORY, SECONDS = 16 * 2**30, 3600.0
SHARED = ("gold.product_days", "gold.customer_360", "gold.kpi_daily", "gold.recommendations")
PACKAGES = ("implicit==0.7.3", "duckdb==2.0.0", "pyarrow==25.0.0", "scipy<2", "numpy<3")
REGULARIZATION = 0.05
"""Of `implicit`, whose penalty is one number for all rows."""

PLACE = SCRATCH / "main_job"


def main_job(sizes: Sequence[int] = LINES, real: bool = True, times: int = TIMES) -> dict[str, Any]:
    """Seconds, memory and agreement of the three, at each size."""
    kept = Kept(PLACE / "measured")
    rows = {}
    for lines in (REAL, *sizes) if real else sizes:
        landing, day = _landed(lines)
        again = times if lines <= OFTEN_UP_TO else 1
        rows[str(lines)] = _size(kept, lines, landing, day, again)
    kept.forget_all()
    return {
        "rows": rows,
        "memory": MEMORY,
        "packages": PACKAGES,
        "command": "python -m benchmarks --only main_job",
    }


def _landed(lines: int) -> tuple[Path, date]:
    if lines != REAL:
        return made.world(SCRATCH / "worlds" / f"receipts-{lines}", lines), made.LAST
    place = PLACE / "landing"
    measure(["land", "--set", f"landing.root={place}"])  # at once, where it has landed
    return place, date.fromisoformat(LAST)


def _size(kept: Kept, lines: int, landing: Path, day: date, times: int) -> dict[str, Any]:
    place = PLACE / str(lines)
    does: dict[str, Callable[[], Measured]] = {
        "whole": partial(_whole, place / "whole", landing, day),
        "like": partial(_like, place / "like", landing, day),
        "peer": partial(_peer, place / "peer", landing, day),
    }
    if lines > OFTEN_UP_TO:
        del does["whole"]
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in does}
    for turn in range(times):
        for name, do in does.items():
            runs[name].append(kept.once(f"{lines}-{name}-{turn}", partial(_told, do)))
    done = not any(run["ended"] for of in runs.values() for run in of)
    same = kept.once(f"{lines}-same", partial(_agreement, runs, place, day)) if done else {}
    shutil.rmtree(place, ignore_errors=True)
    return {**{name: _middle(of) for name, of in runs.items()}, "same": same, "runs": times}


def _told(do: Callable[[], Measured]) -> dict[str, Any]:
    ran = do()
    said = (line.split() for line in ran.lines)
    steps = {
        words[0]: float(words[1]) for words in said if len(words) > 1 and re.fullmatch(r"\d+\.\d\d", words[1])
    }
    return {**ran.cost, "tables": table_seconds(ran.lines), "steps": steps, "ndcg": ndcg(ran.lines)}


def ndcg(lines: Sequence[str]) -> float | None:
    """nDCG@10 of goods not bought before, by ALS, as either side tells it; null: it does not.

    >>> ndcg(["  new goods  als                      nDCG@10 0.0486 [0.0445, 0.0525]    recall@10 0.0183"])
    0.0486
    >>> ndcg(["als_holdout 5.21 0.0468 of 1938"])
    0.0468
    """
    told = (
        re.match(r"\s*new goods\s+als\s+nDCG@10 ([\d.]+)|als_holdout \S+ ([\d.]+)", line) for line in lines
    )
    return next((float(found[1] or found[2]) for found in told if found), None)


def _middle(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The run of the median seconds; of an even number the quicker of the two in the middle."""
    typical = median(run["seconds"] for run in runs)
    return min(runs, key=lambda run: abs(run["seconds"] - typical))


def _agreement(runs: Mapping[str, list[dict[str, Any]]], place: Path, day: date) -> dict[str, Any]:
    lake = place / ("whole" if "whole" in runs else "like") / "lake"
    ours, theirs = (runs[name][-1]["ndcg"] for name in ("like", "peer"))
    return {**compared(lake, place / "peer", day), "ndcg": {"tillpost": ours, "peer": theirs}}


def _whole(place: Path, landing: Path, day: date) -> Measured:
    shutil.rmtree(place, ignore_errors=True)
    words = (part for pair in _values(place, landing) for part in ("--set", pair))
    return measured(tillpost(["run", "--train", "--as-of", str(day), *words]), Limits(MEMORY, SECONDS))


def _values(place: Path, landing: Path) -> list[str]:
    return [*sets(place), f"landing.root={landing}", DRIVERS]


def _like(place: Path, landing: Path, day: date) -> Measured:
    shutil.rmtree(place, ignore_errors=True)
    command = [sys.executable, "-m", "benchmarks.main_job", str(place), str(landing), str(day)]
    return measured(command, Limits(MEMORY, SECONDS))


def _peer(place: Path, landing: Path, day: date) -> Measured:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    values = json.dumps(values_of(load(Path("conf/local.yaml"))))
    script = ["-m", "benchmarks.peers.main_duckdb", str(landing), str(day), str(place), values]
    threads = ("OPENBLAS_NUM_THREADS=1", "OMP_WAIT_POLICY=passive")  # as `implicit` asks for
    return measured(["env", *threads, str(_environment()), *script], Limits(MEMORY, SECONDS))


def values_of(settings: Settings) -> dict[str, Any]:
    """What the script is told: the settings of tillpost's own run."""
    als = settings.als.model_dump(
        include={"rank", "iterations", "alpha", "half_life_days", "min_item_buyers", "seed"}
    )
    related = ("alpha", "beta", "neighbours", "min_support", "max_goods", "max_share")
    return {
        "zone": settings.business.time_zone,
        "memory": f"{MEMORY * 3 // 4 // 2**20}MiB",
        "never_offered": list(settings.catalogue.never_offered),
        "per_person": settings.recommendations.per_person,
        "slots": settings.send_list.slots_per_block,
        "recent_days": settings.related.recent_days,
        "holdout_days": settings.als.holdout_days,
        "als": als | {"regularization": REGULARIZATION},
        "related": settings.related.model_dump(include=set(related)),
    }


def _environment() -> Path:
    """The Python of an environment that has the script's packages; uv makes it once."""
    place = SCRATCH / "peers"
    python, uv = place / "bin" / "python", str(Path(sys.executable).with_name("uv"))
    if not python.exists():
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(place)], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", str(python), *PACKAGES], check=True)
    return python


def main(place: str, landing: str, day: str) -> None:
    """Make the shared tables of what landed, and what they read; tells the seconds of each table and stage."""
    from pipelines import console, context, stages
    from pipelines.models.jobs import JOBS
    from pipelines.runner import run_steps

    root, board = Path(place), console.Board()
    settings = load(Path("conf/local.yaml"), _values(root, Path(landing)))
    needed = closure(SHARED)
    related = tuple(job for job in JOBS if job.name == "related")

    def made_of(run: Any, stage: str) -> None:
        steps = tuple(step for step in needed if step.stage == stage)
        run_steps(run.run, steps, parallel=settings.runner.parallel_tables, report=board.tell)

    with (
        context.session(settings) as spark,
        context.within(spark, settings, date.fromisoformat(day), board.tell) as run,
    ):
        for stage in ("ingest", "refine", "build", "train", "score"):
            with board.stage(stage, total=1):
                if stage == "ingest":
                    stages.ingest(run)
                elif stage == "train":
                    for line in stages.said_of(stages.train(run, related)):
                        console.OUT.print(f"  {line}")
                else:
                    made_of(run, stage)


if __name__ == "__main__":
    main(*sys.argv[1:])
