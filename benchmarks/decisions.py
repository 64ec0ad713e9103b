"""A million candidates through all gates of `gold.send_decisions`, and how the cost grows with their number.

`python -m benchmarks.decisions [CANDIDATES ...]` makes candidates of three triggers, of people of whom a tenth was
written to before, decides them as a run does, writes the rows as Parquet, and prints processor seconds (user and
system, of all cores) and seconds by the clock, for each number of candidates. On Sail, in this process.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from benchmarks.decisions_world import DAY, made
from benchmarks.processes import exponent
from pipelines.calc.triggers.definitions import Cap, Pause, QuietHours
from pipelines.gold import send_decisions
from pipelines.lakehouse.sail import sail_session
from pipelines.settings import load

SIZES = (250_000, 1_000_000)
GOALS = {"seconds": 120.0, "exponent": 1.1}


def decisions(sizes: Sequence[int] = SIZES) -> dict[str, Any]:
    """The cost of each number of candidates, in order, and the power of the number by which it grows."""
    sizes = sorted(sizes)
    with sail_session(4) as spark:
        measured(spark, 1000)  # what the first plan of a session costs beside
        found = [measured(spark, size) for size in sizes]
    cpu = [(each["candidates"], each["cpu_seconds"]) for each in found]
    return {
        "sizes": found,
        "exponent": exponent(cpu) if len(cpu) > 1 else None,
        "command": "python -m benchmarks --only decisions",
    }


def measured(spark: SparkSession, size: int) -> dict[str, Any]:
    """What the decision and its Parquet cost, and how many rows have which outcome."""
    with tempfile.TemporaryDirectory(prefix="tillpost-bench-") as place:
        inputs = {name: _stored(frame, f"{place}/{name}") for name, frame in made(spark, size).items()}
        before, started = os.times(), time.monotonic()
        decide(**inputs).write.mode("overwrite").parquet(f"{place}/decisions")
        seconds, after = time.monotonic() - started, os.times()
        counted = spark.read.parquet(f"{place}/decisions").groupBy("outcome").count().collect()
    return {
        "candidates": size,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(after.user + after.system - before.user - before.system, 1),
        "outcomes": {row["outcome"]: row["count"] for row in sorted(counted)},
    }


def decide(**inputs: DataFrame) -> DataFrame:
    """The table's own build, with the triggers of `conf/triggers` and caps that bind."""
    return send_decisions.build(
        **inputs,
        as_of=DAY,
        defined=load().triggers.defined,
        raised=load().triggers.raised,
        salt="salt",
        tacit_consent={"push": ("token",)},
        quiet=QuietHours(begins=21, ends=9),
        caps={"overall": Cap(messages=1, days=7)},
        pause=Pause(stars=2, days=14),
        cost_days=90,
        message_costs={"email": Decimal("0.001"), "sms": Decimal("0.02"), "push": Decimal("0.0005")},
        time_zone="UTC",
        close_hour=6,
    )


def _stored(frame: DataFrame, path: str) -> DataFrame:
    frame.write.mode("overwrite").parquet(path)
    return frame.sparkSession.read.parquet(path)


if __name__ == "__main__":
    print(json.dumps(decisions([int(size) for size in sys.argv[1:]] or SIZES), indent=2))
