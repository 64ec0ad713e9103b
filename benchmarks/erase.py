"""Erasing one person of the Complete Journey: of all cards the one with the most receipts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from benchmarks.foundation import LAST, SCRATCH, run_in, sets
from benchmarks.processes import measure
from pipelines.query import select

GOAL = 180.0  # seconds, on 2 cores
_BUSIEST = (
    "SELECT loyalty_card AS card, count(*) AS receipts FROM silver.receipts WHERE loyalty_card IS NOT NULL "
    "GROUP BY card ORDER BY receipts DESC, card LIMIT 1"
)


def erase() -> dict[str, Any]:
    """`tillpost erase` in the demo's lake, which is made for it: afterwards it is another one."""
    place = SCRATCH / "erase"
    shutil.rmtree(place, ignore_errors=True)
    run_in("demo", LAST, place)
    (busiest,) = select(str(place / "lake"), _BUSIEST).to_pylist()
    settings = [*sets(place), f"delivery.folder={place}/outbox", f"delivery.journal={place}/journal.db"]
    words = [word for one in settings for word in ("--set", one)]
    done = measure(["erase", "--card", busiest["card"], *words])
    (file,) = Path(place, "exports", "erasures").glob("*.json")
    said = json.loads(file.read_text(encoding="utf-8"))
    return {
        "erase": done.cost,
        "receipts": busiest["receipts"],
        "rows": sum(gone for _, gone, _ in said["deleted"]),
        "looked_for": said["looked_for"],
        "files": sum(each["files"] for each in said["looked"]),
        "bytes": sum(each["bytes"] for each in said["looked"]),
        "left": sum(len(each["found"]) for each in said["looked"]),
        "command": f"tillpost demo --as-of {LAST}, then tillpost erase --card CARD",
    }
