"""`tillpost simulate`.

What a person asks for and is told when a world is made, or real receipts are dressed.
"""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

from pyspark.errors import PySparkException

from pipelines import console
from pipelines.lakehouse.session import spark_session, stop
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


def dressed(
    settings: Settings, board: console.Board, landing_root: str, seed: int, *, goes_on: bool = False
) -> None:
    """Dress the real receipts of a landing folder, and say what was added.

    Args:
        settings: Of the session and the business day.
        board: Where progress is shown.
        landing_root: Where the receipts lie.
        seed: Of the visits and mails.
        goes_on: Whether this process has more work for the session, which is then left open.

    Raises:
        DataError: there are no receipts, or they are dressed with another seed.
        SystemFault: the folder cannot be written.
    """
    with board.stage("dress", total=1):
        added = dress.settled(landing_root, seed) or _dressed(settings, landing_root, seed, goes_on=goes_on)
        board.step()
    for source, count in added.items():
        console.OUT.print(f"  {count:,} simulated records of {source}")
    console.OUT.print(f"  {dress.REAL_AND_SIMULATED}")


def _made(settings: Settings, board: console.Board, target: str, world: World) -> job.Account:
    with board.stage("simulate", total=job.STEPS):
        spark = spark_session(settings.spark, app_name="tillpost simulate")
        try:
            return job.make(spark, target, world, lambda _: board.step())
        except PySparkException as error:  # whose words are the JVM's, which is about to end
            raise RuntimeError(f"{type(error).__name__}: {error}") from error
        finally:
            stop(spark)


def _dressed(settings: Settings, landing_root: str, seed: int, *, goes_on: bool) -> dict[str, int]:
    spark = spark_session(settings.spark, app_name="tillpost dress")
    try:
        return dress.dress(spark, landing_root, seed=seed, time_zone=settings.business.time_zone)
    except PySparkException as error:
        raise RuntimeError(f"{type(error).__name__}: {error}") from error
    finally:
        if not goes_on:
            stop(spark)
