"""A year of a drawn retailer through every stage, by the number of its receipt lines, a process a stage.

To each four lines comes a web event and to each ten a mail event; a hundred lines are one person's. Sail tells of no
shuffle and does not spill: what its processes wrote to disk, commits and scratch, stands in for both. Spark's event log
tells them, at the smaller sizes. Worlds stay under `data/bench/worlds`; a stage that was measured is not measured again
until all are.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import made
from benchmarks.foundation import SCRATCH
from benchmarks.kept import Kept
from benchmarks.staged import STAGES, exponents, first_bend, gone, logged, shuffled, staged

LINES = (1_000_000, 4_000_000, 16_000_000, 64_000_000)
SPARK_LINES = (1_000_000, 4_000_000)
WEB, MAIL = 0.25, 0.1
GOAL = 1.05
PLACE = SCRATCH / "stages_growth"
DRIVERS = "als.driver_rows=2000000000"
"""Sail has no spark.ml: its ALS is the driver's, whatever the size."""


def stages_growth(sizes: Sequence[int] = LINES, spark: Sequence[int] = SPARK_LINES) -> dict[str, Any]:
    """Seconds, memory and bytes of each stage at each size, on Sail and on Spark."""
    kept = Kept(PLACE / "measured")
    rows: dict[str, Any] = {"sail": {}, "spark": {}}
    for engine, asked in (("sail", sizes), ("spark", spark)):
        for lines in asked:
            rows[engine][lines] = _grown(kept, engine, lines)
    result = {
        "rows": rows,
        "exponents": {engine: exponents(found) for engine, found in rows.items()},
        "bends": {engine: first_bend(found, GOAL) for engine, found in rows.items()},
        "command": "python -m benchmarks --only stages_growth",
    }
    kept.forget_all()
    return result


def _grown(kept: Kept, engine: str, lines: int) -> dict[str, Any]:
    landing = made.world(SCRATCH / "worlds" / f"all-{lines}", lines, web=WEB, mail=MAIL)
    place = PLACE / f"{engine}-{lines}"
    kept.once(f"{place.name}-begun", partial(gone, place))
    rows: dict[str, Any] = {}
    for stage in STAGES:
        logs = PLACE / "events" / f"{engine}-{lines}-{stage}"
        rows |= staged(
            kept, place.name, place, landing, made.LAST, stages=(stage,), more=_engine(engine, logs)
        )
        if engine == "spark":
            rows[stage] = {**rows[stage], **kept.once(f"{place.name}-{stage}-bytes", partial(shuffled, logs))}
        if rows[stage]["ended"]:
            break
    gone(place)
    return rows


def _engine(engine: str, logs: Path) -> list[str]:
    return [DRIVERS] if engine == "sail" else logged(logs)
