"""From silver to the tables that marketing works from, on the receipts of the demo, beside DuckDB.

The demo's landing files go into a lake of its own: first up to the last day but one, on which the tables are built
from nothing, and then the last day, which they are brought up to; several tables at a time, as a run makes them.
DuckDB builds the RFM part of `gold.customer_360` and `gold.interest_profiles` from the same Parquet files
(`peers/customers_duckdb.py`), and its rows are held against the lake's.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.foundation import DAY_BEFORE, LAST, SCRATCH, sets
from benchmarks.processes import Measured, measure, measured, tillpost
from pipelines import context
from pipelines.flow import FLOW
from pipelines.run import Outcome
from pipelines.runner import run_steps
from pipelines.settings import load

GOALS = {"rebuild": 120.0, "day": 60.0, "share": 0.5}  # seconds on 2 cores, and of the rebuild
TABLES = (
    "catalogue_terms",
    "interest_days",
    "interest_profiles",
    "session_interests",
    "touchpoints",
    "customer_totals",
    "lifetime_models",
    "loyalty_events",
    "loyalty_ledger",
    "customer_360",
    "journeys",
    "kpi_daily",
    "kpi_monthly",
    "segment_members",
    "segments",
)
PLACE = SCRATCH / "customers"


def customers() -> dict[str, Any]:
    """All tables from silver, the next day on top of them, and DuckDB's part of the same."""
    shutil.rmtree(PLACE, ignore_errors=True)
    land = [part for pair in sets(PLACE) for part in ("--set", pair)]
    if not (SCRATCH / "landing").exists():
        measure(["demo", "--as-of", LAST, *land])
        shutil.rmtree(PLACE, ignore_errors=True)
    rebuild, following = (_of_day(day, land) for day in (DAY_BEFORE, LAST))
    peer = measured([sys.executable, "-m", "benchmarks.peers.customers_duckdb", str(PLACE / "lake"), LAST])
    return {
        "rebuild": asdict(rebuild) | {"lines": []},
        "day": asdict(following) | {"lines": []},
        "tables": {"rebuild": _figures(rebuild), "day": _figures(following)},
        "peer": {"seconds": peer.seconds, "peak_bytes": peer.peak_bytes, "parts": _figures(peer)},
        "different": {name: int(count) for name, count in _figures(peer, "different gold.").items()},
        "command": "python -m benchmarks --only customers",
    }


def _of_day(day: str, places: list[str]) -> Measured:
    measured(tillpost(["ingest", "--as-of", day, *places]))
    built(PLACE, day, "silver")
    return built(PLACE, day)


def built(place: Path, day: str, layer: str = "gold") -> Measured:
    """Bring the silver tables, or `TABLES`, of the lake in a place up to a day, in a process of its own."""
    return measured([sys.executable, "-m", "benchmarks.customers", str(place), day, layer])


def _figures(run: Measured, before: str = "gold.") -> dict[str, float]:
    """The figure of each table, from the lines that end in the table's name and a figure."""
    found = (line.removeprefix(before).split() for line in run.lines if line.startswith(before))
    return {f"gold.{words[0]}": float(words[1]) for words in found if len(words) == 2}


def main(arguments: Sequence[str]) -> None:
    """Bring tables up to a day, as a run does; tells the seconds of each."""
    place, day, layer = arguments
    settings = load(Path("conf/local.yaml"), sets(Path(place)))
    of_layer = (step for step in FLOW if step.table.layer == layer)
    steps = tuple(step for step in of_layer if layer == "silver" or step.table.short in TABLES)

    def told(outcome: Outcome) -> None:
        print(f"{outcome.table} {outcome.seconds:.1f}", flush=True)

    with (
        context.session(settings) as spark,
        context.within(spark, settings, date.fromisoformat(day), told) as run,
    ):
        run_steps(run.run, steps, parallel=settings.runner.parallel_tables, report=told)


if __name__ == "__main__":
    main(sys.argv[1:])
