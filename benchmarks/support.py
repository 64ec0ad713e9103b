"""How long support waits for what is known of a person: `tillpost person`, asked by card, from the demo's lake.

Whole commands, the interpreter's start included, each about another of the persons with most receipts. The demo is
run first where there is no lake of it.
"""

from __future__ import annotations

from statistics import median
from typing import Any

from benchmarks.foundation import SCRATCH, demo, sets
from benchmarks.processes import measure
from pipelines import query

GOAL = 2.0  # seconds
TIMES = 9
_CARDS = (
    "select anchor_value as card from silver.receipts where anchor_type = 'loyalty_card' "
    "group by 1 order by count(*) desc, 1 limit {times}"
)


def support(times: int = TIMES) -> dict[str, Any]:
    """Seconds of each lookup, and the largest memory of any."""
    place = SCRATCH / "demo"
    if not (place / "lake" / "gold").exists():
        demo()
    cards = query.select(f"{place}/lake", _CARDS.format(times=times)).column(0).to_pylist()
    words = [word for pair in sets(place) for word in ("--set", pair)]
    costs = [measure(["person", "--card", card, *words]) for card in cards]
    return {
        "lookups": len(costs),
        "median": median(cost.seconds for cost in costs),
        "longest": max(cost.seconds for cost in costs),
        "cpu_seconds": median(cost.cpu_seconds for cost in costs),
        "peak_bytes": max(cost.peak_bytes for cost in costs),
        "command": "python -m benchmarks --only support",
    }
