"""All reports of a release, from the demo's lake: a year of real receipts with its dressed-up web and mail.

In a process of its own, the session's start included: each page with its charts, tables and pictures. The demo is run
first where there is no lake of it.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pyspark.sql import functions as F

from benchmarks.foundation import LAST, SCRATCH, demo, sets
from benchmarks.processes import measure, measured
from pipelines import context, reporting
from pipelines.bronze import files
from pipelines.gold import send_list
from pipelines.lakehouse import audit
from pipelines.lakehouse.lake import Lake
from pipelines.publish.models_page import collect_models
from pipelines.settings import load

GOAL = 120.0  # seconds on 2 cores
SHOP, SHOPS_LAST = Path("tests/golden/shop/landing"), "2024-03-03"


def reports(shop: Path | None = None) -> dict[str, Any]:
    """Seconds of all pages and of each; of the demo's lake, or, as a rehearsal, of a small shop's."""
    day, place = (SHOPS_LAST, SCRATCH / "reports") if shop else (LAST, SCRATCH / "demo")
    if shop:
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(shop, place / "landing")
        places = [*sets(place), f"landing.root={place}/landing"]
        measure(["run", "--as-of", day, *(word for pair in places for word in ("--set", pair))])
    elif not (place / "lake" / "gold").exists():
        demo()
    cost = measured([sys.executable, "-m", "benchmarks.reports", str(place), day])
    told = (line.split() for line in cost.lines if line.startswith("page "))
    return {
        "reports": cost.cost,
        "pages": {name: float(seconds) for _, name, seconds in told},
        "command": "python -m benchmarks --only reports",
    }


def main(arguments: Sequence[str]) -> None:
    """Write all reports of a day into a folder that is thrown away; tells the seconds of each."""
    place, day = Path(arguments[0]), date.fromisoformat(arguments[1])
    settings = load(Path("conf/local.yaml"), sets(place))
    with context.session(settings) as spark, tempfile.TemporaryDirectory() as folder:
        lake, began = Lake(spark, settings.lake.root), time.monotonic()

        def told(name: str) -> None:
            nonlocal began
            print(f"page {name} {time.monotonic() - began:.1f}", flush=True)
            began = time.monotonic()

        made = reporting.of_lake(lake, settings, day)
        models = collect_models(context.tracking_of(settings), day)
        mails = made.read(send_list.TABLE).where(F.col("as_of") == F.lit(day))
        reporting.daily(made, Path(folder), mails, models, lake.read(audit.TABLE), lake.read(files.TABLE))
        told("report")
        reporting.pages(made, Path(folder), models, told)


if __name__ == "__main__":
    main(sys.argv[1:])
