"""From landing files to silver: JSON Lines of web events, beside DuckDB, and how the seconds grow.

Both sides read the same files (`made`) and must agree on the facts; tillpost keeps every record as received on the
way (bronze), DuckDB does not.
"""

from __future__ import annotations

import math
import shutil
import sys
import time
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks import made
from benchmarks.foundation import SCRATCH, sets
from benchmarks.processes import Measured, measured

SIZES = (1_000_000, 4_000_000, 16_000_000)
GOALS = {"exponent": 1.05, "times": 4.0}
DAY = date(2024, 3, 1)


def landing() -> dict[str, Any]:
    """Each size by tillpost and then by DuckDB, in one run; rows must agree."""
    rows = []
    for events in SIZES:
        place = SCRATCH / "landing-web"
        shutil.rmtree(place, ignore_errors=True)
        files = made.land(place / "landing", "web_events", DAY, events, people=events // 40)
        ours = measured([sys.executable, "-m", "benchmarks.landing", str(place)])
        theirs = measured(
            [sys.executable, "-m", "benchmarks.peers.landing_duckdb", files, str(place / "facts.parquet")]
        )
        facts = int(ours.lines[-1].split()[-1])
        if facts != int(theirs.lines[-1]):
            raise SystemExit(f"bench: tillpost has {facts} facts, DuckDB {theirs.lines[-1]}: they must agree")
        rows.append({"events": events, "facts": facts, "tillpost": cost(ours), "duckdb": cost(theirs)})
        shutil.rmtree(place)
    return {"rows": rows, "exponent": exponent(rows), "command": "python -m benchmarks --only landing"}


def cost(run: Measured) -> dict[str, Any]:
    """What the page shows of a run."""
    return {name: value for name, value in asdict(run).items() if name != "lines"}


def exponent(rows: list[dict[str, Any]]) -> float:
    """The slope of log seconds over log events, from the first size to the last: 1 is straight.

    >>> exponent([{"events": 10, "tillpost": {"seconds": 2}}, {"events": 100, "tillpost": {"seconds": 20}}])
    1.0
    """
    first, last = rows[0], rows[-1]
    grown = math.log(last["tillpost"]["seconds"] / first["tillpost"]["seconds"])
    return round(grown / math.log(last["events"] / first["events"]), 3)


def main(place: str) -> None:
    """Ingest and make `silver.web_events` of the drops under a place; tells seconds and rows."""
    from pipelines import context, stages
    from pipelines.flow import step_of
    from pipelines.runner import make
    from pipelines.settings import load

    root = Path(place)
    settings = load(Path("conf/local.yaml"), [*sets(root), f"landing.root={root / 'landing'}"])
    step = step_of("silver.web_events")
    if step is None:
        raise SystemExit("bench: silver.web_events is not in the flow")
    started = time.monotonic()
    with (
        context.session(settings) as spark,
        context.within(spark, settings, DAY, lambda outcome: None) as run,
    ):
        stages.ingest(run)
        landed = time.monotonic()
        outcome = make(run.run, step)
        ended = time.monotonic()
    print(f"ingest took {landed - started:.1f} s")
    print(f"refine took {ended - landed:.1f} s")
    print(f"facts {outcome.counts.accepted if outcome.counts else 0}")


if __name__ == "__main__":
    main(sys.argv[1])
