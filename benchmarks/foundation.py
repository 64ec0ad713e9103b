"""The demo's figures: what it costs from a clean lake, what a next day costs, and whether every cent arrives.

Everything lies under `data/bench/`; the user's own lake is neither read nor written, and variables that begin
with `TILLPOST_` are not handed on.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import continuous as living
from benchmarks.processes import Measured, measure
from benchmarks.reconcile import in_lake, landed, reconciled, source
from pipelines.catalog import TABLES
from pipelines.lakehouse import log
from pipelines.lakehouse.lake import path_of

SCRATCH = Path("data/bench")
LAST, DAY_BEFORE = "2017-12-31", "2017-12-30"
GOALS = {
    "demo": 360.0,
    "models": 720.0,
    "next": 90.0,
    "again": 45.0,
    "continuous": 60.0,
}  # seconds, on 2 cores with an 8 GB driver


def demo() -> dict[str, Any]:
    """`tillpost demo` with nothing there but the installed packages."""
    place = SCRATCH / "demo"
    shutil.rmtree(place, ignore_errors=True)
    shutil.rmtree(SCRATCH / "landing", ignore_errors=True)
    return {"demo": run_in("demo", LAST, place).cost, "command": "tillpost demo"}


def day() -> dict[str, Any]:
    """`tillpost run` for the day after the lake's last, and then once more."""
    place = SCRATCH / "day"
    shutil.rmtree(place, ignore_errors=True)
    run_in("demo", DAY_BEFORE, place)
    root = str(place / "lake")
    standing = versions(root)
    following = run_in("run", LAST, place)
    written = versions(root)
    again = run_in("run", LAST, place)
    return {
        "next": following.cost,
        "next_moved": moved(standing, written),
        "again": again.cost,
        "again_moved": moved(written, versions(root)),
        "tables": len([name for name, version in written.items() if version is not None]),
        "command": f"tillpost demo --as-of {DAY_BEFORE}, then twice tillpost run --as-of {LAST}",
    }


def reconcile() -> dict[str, Any]:
    """Lines and cents in the demo's lake; the demo is run where there is none."""
    place = SCRATCH / "demo"
    if not (place / "lake" / "gold").exists():
        demo()
    places = [source(), landed(SCRATCH / "landing"), *in_lake(str(place / "lake"))]
    return {
        "places": [asdict(one) for one in places],
        "reconciled": reconciled(places),
        "command": "python -m benchmarks --only reconcile",
    }


def continuous(seconds: int = living.SECONDS) -> dict[str, Any]:
    """Seconds from file to silver at 20 receipts a second."""
    place = SCRATCH / "continuous"
    return living.continuous(place, [*sets(place), f"landing.root={place}/landing"], seconds)


PARTS = {"demo": demo, "day": day, "reconcile": reconcile, "continuous": continuous}


def run_in(command: str, as_of: str, place: Path) -> Measured:
    """A command for a date, in a folder of its own."""
    return measure([command, "--as-of", as_of, *(part for pair in sets(place) for part in ("--set", pair))])


def sets(place: Path) -> list[str]:
    """The settings that keep a run inside `place`; the landing files are shared."""
    return [
        f"lake.root={place}/lake",
        f"landing.root={SCRATCH}/landing",
        f"exports.root={place}/exports",
        f"vault.key_file={place}/keys/vault.json",
        f"tracking.uri=sqlite:///{place}/mlflow/mlflow.db",
        f"tracking.artifacts={place}/mlflow/artifacts",
    ]


def versions(root: str) -> dict[str, int | None]:
    """The newest version of every table; null for one that is not there."""
    heads = {table.name: log.head(path_of(root, table)) for table in TABLES}
    return {name: head.version if head else None for name, head in heads.items()}


def moved(before: Mapping[str, int | None], after: Mapping[str, int | None]) -> list[str]:
    """The tables whose version is another one.

    >>> moved({"gold.a": 1, "gold.b": None}, {"gold.a": 1, "gold.b": 0})
    ['gold.b']
    """
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
