"""From landing files to silver: JSON Lines of web events, beside DuckDB, and how the seconds grow.

Both sides read the same files (`made`) and must agree on the facts; tillpost keeps every record as received on the
way (bronze), DuckDB does not. A size that was measured with this code is not measured again until all of them are.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks import made
from benchmarks.foundation import SCRATCH, sets
from benchmarks.processes import exponent, measured
from pipelines.lakehouse.mark import code_version

SIZES = (1_000_000, 4_000_000, 16_000_000)
GOALS = {"exponent": 1.05, "times": 4.0}
DAY = date(2024, 3, 1)


def landing(sizes: Sequence[int] = SIZES) -> dict[str, Any]:
    """Each size by tillpost and then by DuckDB, in one run; rows must agree."""
    known = SCRATCH / f"landing-web-{code_version()}.json"
    found: dict[str, Any] = json.loads(known.read_text(encoding="utf-8")) if known.exists() else {}
    for events in sizes:
        if str(events) not in found:
            found[str(events)] = _measured(events)
            known.write_text(json.dumps(found), encoding="utf-8")
    known.unlink(missing_ok=True)
    rows = [found[str(events)] for events in sizes]
    return {
        "rows": rows,
        "exponent": exponent([(row["events"], row["tillpost"]["seconds"]) for row in rows]),
        "command": "python -m benchmarks --only landing",
    }


def _measured(events: int) -> dict[str, Any]:
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
    shutil.rmtree(place)
    return {"events": events, "facts": facts, "tillpost": ours.cost, "duckdb": theirs.cost}


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
