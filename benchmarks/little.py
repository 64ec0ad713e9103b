"""A made retailer through every stage, each stage a command of its own, so that its memory is its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from benchmarks import made
from benchmarks.foundation import sets
from benchmarks.processes import Measured, measure
from benchmarks.staged import STAGES

LAST = date(2024, 12, 30)


@dataclass(frozen=True)
class World:
    """A retailer's history: so many receipt lines and web events, about, evenly over the days before `LAST`.

    Args:
        lines: Receipt lines.
        events: Web events.
        people: Of whom each is as likely as another.
        days: Of the history.
    """

    lines: int
    events: int
    people: int
    days: int = 120

    @property
    def name(self) -> str:
        """As a folder or a row is named."""
        return f"{self.lines}-{self.events}-{self.people}-{self.days}"

    @property
    def products(self) -> int:
        """Its goods: each is in some fifty lines, and in no shop are there more than `made.PRODUCTS`."""
        return max(min(self.lines // 50, made.PRODUCTS), 1)

    def land(self, place: Path, days: Iterable[date]) -> None:
        """Its landing files of some days."""
        receipts = round(self.lines / made.LINES_A_RECEIPT / self.days)
        for day in days:
            for source, records in (("receipts", receipts), ("web_events", self.events // self.days)):
                if records:
                    made.land(
                        place / "landing", source, day, records, people=self.people, products=self.products
                    )

    def land_history(self, place: Path) -> None:
        """The catalogue and every day up to `LAST`."""
        first, *_ = days = self.history()
        made.reference(place / "landing", first, self.products)
        self.land(place, days)

    def history(self) -> list[date]:
        """Its days, the last of which is `LAST`."""
        return [LAST - timedelta(days=number) for number in reversed(range(self.days))]


def commanded(
    place: Path, day: date, *more: str, stages: Sequence[str] = STAGES
) -> dict[str, tuple[Measured, int]]:
    """Each stage of a day, in a lake of its own: what it cost, and the bytes that it added to the lake's files.

    Args:
        place: Under which everything lies, `landing` too.
        day: The business date.
        more: Settings, as `--set` takes them.
        stages: Which, in their order.
    """
    given = [*sets(place), f"landing.root={place}/landing", *more]
    words = ["--as-of", str(day), *(word for pair in given for word in ("--set", pair))]
    found = {}
    for stage in stages:
        before = stored(place / "lake")
        cost = measure([stage, *words])
        found[stage] = cost, stored(place / "lake") - before
    return found


def stored(lake: Path) -> int:
    """Bytes of all files of a lake: of every version that is kept."""
    return sum(file.stat().st_size for file in lake.rglob("*") if file.is_file())
