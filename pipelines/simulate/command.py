"""`tillpost simulate`.

What a person asks for and is told when a world is made, or real receipts are dressed.
"""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

from pipelines import console, context
from pipelines.settings import Settings
from pipelines.simulate import dress, job
from pipelines.simulate.world import World

_SHOWN = ("records", "accepted", "superseded", "refused", "duplicates", "lines")


def simulate(settings: Settings, board: console.Board, target: str, **numbers: Any) -> None:
    """Make a world in a folder, and say what lies there.

    Raises:
        UsageError: a number cannot be.
        DataError: another world lies there.
        SystemFault: the folder cannot be written.
    """
    world = World.checked(**numbers, time_zone=settings.business.time_zone)
    account = job.claim(target, world)
    if account is None:
        started = time.monotonic()
        account = _made(settings, board, target, world)
        lines = sum(counts["records"] + counts["lines"] for counts in account.values())
        console.OUT.print(f"  {lines / (time.monotonic() - started):,.0f} records and lines a second")
    console.grid(
        f"The world in {target}",
        ["source", *_SHOWN, "revenue"],
        [
            [
                source,
                *(f"{counts[name]:,}" for name in _SHOWN),
                f"{Decimal(counts['cents']) / 100:,.2f}",
            ]
            for source, counts in account.items()
        ],
        right=(*_SHOWN, "revenue"),
    )
    places = " ".join(f"--set {name}.root={target}/{name}" for name in ("landing", "lake", "exports"))
    console.OUT.print(f"Run it: tillpost run {places} --as-of {world.on(world.days - 1)}")


def dressed(settings: Settings, board: console.Board, landing_root: str, seed: int) -> None:
    """Dress the real receipts of a landing folder, and say what was added."""
    with board.stage("dress", total=1):
        added = dress.settled(landing_root, seed) or _dressed(settings, landing_root, seed)
        board.step()
    for source, count in added.items():
        console.OUT.print(f"  {count:,} simulated records of {source}")
    console.OUT.print(f"  {dress.REAL_AND_SIMULATED}")


def _made(settings: Settings, board: console.Board, target: str, world: World) -> job.Account:
    with (
        board.stage("simulate", total=job.STEPS),
        context.session(settings, app_name="tillpost simulate") as spark,
    ):
        return job.make(spark, target, world, lambda _: board.step())


def _dressed(settings: Settings, landing_root: str, seed: int) -> dict[str, int]:
    with context.session(settings, app_name="tillpost dress") as spark:
        return dress.dress(spark, landing_root, seed=seed, time_zone=settings.business.time_zone)
