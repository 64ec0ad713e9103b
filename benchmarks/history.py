"""Days that lie in a lake before the clock starts: landed and run a month at a time, each run resumed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

RUN_DAYS = 31
"""Of a history that one run takes: what a run groups it holds in memory."""


def brought(
    place: Path,
    until: date,
    days: int,
    land: Callable[[Path, Sequence[date]], object],
    run: Callable[[Path, date], object],
) -> None:
    """Bring so many days before a date into the lake of a place, but for the runs that stand there already.

    Args:
        place: Where `landing` is made and removed again, since bronze has it; `runs` counts what is done.
        until: The first day that is not brought.
        days: How many.
        land: Given the place and days, lands them.
        run: Given the place and the last of the days, brings what landed into the lake.
    """
    done = place / "runs"
    begun = int(done.read_text(encoding="utf-8")) if done.exists() else 0
    if not begun:
        shutil.rmtree(place, ignore_errors=True)
    for number, last in enumerate(range(days, 0, -RUN_DAYS), 1):
        if number > begun:
            part = [until - timedelta(days=n) for n in range(last, max(last - RUN_DAYS, 0), -1)]
            shutil.rmtree(place / "landing", ignore_errors=True)
            land(place, part)
            run(place, part[-1])
            shutil.rmtree(place / "landing")
            done.write_text(str(number), encoding="utf-8")
