"""Measure, write `docs/benchmarks.md` and print it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import foundation
from benchmarks.als import als
from benchmarks.attribution import attribution
from benchmarks.chains import chains
from benchmarks.chart import draw
from benchmarks.customers import customers
from benchmarks.customers_growth import customers_growth
from benchmarks.day_on_history import DAYS, day_on_history
from benchmarks.decisions import decisions
from benchmarks.erase import erase
from benchmarks.first_visit import first_visit
from benchmarks.fixed_costs import fixed_costs
from benchmarks.flagship import flagship
from benchmarks.foundation import SCRATCH
from benchmarks.identity import identity
from benchmarks.identity_world import world
from benchmarks.incremental import incremental
from benchmarks.interest_segments import interest_segments
from benchmarks.interest_truth import interest_truth
from benchmarks.kept import Kept
from benchmarks.landing import landing
from benchmarks.live_interests import live_interests
from benchmarks.machine import facts
from benchmarks.main_job import main_job
from benchmarks.new_arrivals import new_arrivals
from benchmarks.page import HEAD, page
from benchmarks.plan_points import plan
from benchmarks.plan_points import rehearsed as little_plan
from benchmarks.related import related
from benchmarks.reports import SHOP, reports
from benchmarks.retailer import retailer
from benchmarks.segments import segments
from benchmarks.skew import skew
from benchmarks.stages_growth import stages_growth
from benchmarks.support import support

PARTS = {
    "main_job": main_job,
    "day_on_history": day_on_history,
    "stages_growth": stages_growth,
    **foundation.PARTS,
    "erase": erase,
    "attribution": attribution,
    "landing": landing,
    "retailer": retailer,
    "identity": identity,
    "persons": world,
    "customers": customers,
    "customers_growth": customers_growth,
    "segments": segments,
    "interest_segments": interest_segments,
    "interest_truth": interest_truth,
    "live_interests": live_interests,
    "als": als,
    "related": related,
    "chains": chains,
    "new_arrivals": new_arrivals,
    "first_visit": first_visit,
    "decisions": decisions,
    "flagship": flagship,
    "incremental": incremental,
    "reports": reports,
    "support": support,
    "skew": skew,
    "fixed_costs": fixed_costs,
    "plan": plan,
}
SMALL: dict[str, Callable[[], dict[str, Any]]] = {
    "als": partial(als, persons=4_000, goods=1_000, cells=60_000),
    "main_job": partial(main_job, sizes=(40_000,), real=False, times=1),
    "day_on_history": partial(
        day_on_history, {"month": 28, "year": 29, "two_years": 30}, DAYS[:1], shrink=500
    ),
    "stages_growth": partial(stages_growth, sizes=(20_000, 40_000), spark=()),
    "landing": partial(landing, sizes=(20_000, 80_000)),
    "retailer": partial(retailer, shrink=500),
    "decisions": partial(decisions, sizes=(2_000, 8_000)),
    "flagship": partial(flagship, households=150, days=40, seconds=60),
    "continuous": partial(foundation.continuous, seconds=30),
    "customers_growth": partial(customers_growth, sizes=(20_000, 80_000)),
    "live_interests": partial(live_interests, seconds=60),
    "reports": partial(reports, shop=SHOP),
    "skew": partial(skew, shrink=100),
    "fixed_costs": partial(fixed_costs, days=3),
    "plan": little_plan,
}
"""Parts as a rehearsal: whether they run from nothing. Their figures say nothing and go to no page."""

PAGE = Path("docs/benchmarks.md")


def main(arguments: Sequence[str]) -> int:
    """Measure the parts asked for; the page keeps the section of each of the others."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append", help="one part; may be given again")
    parser.add_argument("--small", choices=SMALL, action="append", help="rehearse a part, and write nothing")
    parser.add_argument("--quick", action="store_true", help="rehearse all of them, and show their sections")
    asked = parser.parse_args(arguments)
    for name in asked.small or ():
        print(json.dumps(SMALL[name](), indent=2))
    if asked.quick:
        rehearsed([name for name in asked.only or SMALL if name in SMALL])
    if asked.small or asked.quick:
        return 0
    for name in asked.only or list(PARTS):
        machine = facts()
        result = {**PARTS[name](), "machine": machine}
        if name == "main_job":
            draw(result["rows"])
        standing = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        PAGE.write_text(page({name: result}, standing), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))
    return 0


def rehearsed(names: Sequence[str]) -> None:
    """Print the sections of parts that are small; one that was rehearsed with this code is not done again."""
    kept = Kept(SCRATCH / "quick")

    def section(name: str) -> str:
        return page({name: {**SMALL[name](), "machine": facts()}}).removeprefix(HEAD)

    for name in names:
        print(kept.once(name, partial(section, name)), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
