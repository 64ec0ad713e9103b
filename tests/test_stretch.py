"""Rows that go on into later dates: what is rebuilt piece by piece is what a rebuild gives, exactly."""

from __future__ import annotations

import doctest
import random
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from pipelines import stretch
from pipelines.lakehouse.lake import Lake
from pipelines.silver import sessions, web_events
from tests.days import rows_of
from tests.lakehouse.runs import made, written
from tests.silver.browsing import event, events
from tests.silver.received import settled

LAST = date(2024, 3, 5)


def test_the_examples_in_docstrings_hold() -> None:
    outcome = doctest.testmod(stretch)
    assert outcome.attempted
    assert not outcome.failed


class Site:
    """The events of a site as they stand, in a lake and by hand."""

    def __init__(self, lake: Lake, first: Iterable[dict[str, Any]]) -> None:
        self.lake = lake
        self.standing: dict[str, dict[str, Any]] = {}
        self.change(first)

    def change(self, come: Iterable[dict[str, Any]], gone: Iterable[str] = ()) -> None:
        """Events come and go, in one commit that replaces their days."""
        come, gone = list(come), list(gone)
        days = {each["occurred_on"] for each in come} | {self.standing[name]["occurred_on"] for name in gone}
        for name in gone:
            del self.standing[name]
        self.standing |= {each["event_id"]: each for each in come}
        rows = [each for each in self.standing.values() if each["occurred_on"] in days]
        written(self.lake, web_events.TABLE, events(self.lake.spark, *rows), days)

    def holds_what_a_rebuild_gives(self, as_of: date = LAST) -> str:
        """Brings the sessions up to date, compares them, and gives what was rebuilt."""
        scope = made(self.lake, "silver.sessions", as_of).scope
        whole = settled("silver.sessions", events(self.lake.spark, *self.standing.values()), as_of=as_of)
        assert rows_of(self.lake.read(sessions.TABLE)) == rows_of(whole)
        return scope

    def at(self, at: str, cookie: str) -> str:
        """The id of an event."""
        return event(at, cookie)["event_id"]


def every(minutes: int, since: str, until: str, cookie: str) -> list[dict[str, Any]]:
    """An event every so many minutes."""
    at, last = datetime.fromisoformat(since), datetime.fromisoformat(until)
    times = [
        at + timedelta(minutes=minutes * n) for n in range((last - at) // timedelta(minutes=minutes) + 1)
    ]
    return [event(f"{time:%Y-%m-%d %H:%M}", cookie) for time in times]


@pytest.mark.spark
def test_sessions_over_midnights_late_events_and_moved_ones(lake: Lake) -> None:
    site = Site(
        lake,
        [
            *every(25, "2024-03-01 23:00", "2024-03-03 01:05", "two midnights"),
            event("2024-03-02 23:35", "joined"),
            event("2024-03-03 00:25", "joined"),
            event("2024-03-01 12:00", "other"),
            event("2024-03-04 12:00", "other"),
            event("2024-03-05 23:50", "next day"),
            event("2024-03-06 00:10", "next day"),
            event("2024-01-10 12:00", "old"),
        ],
    )
    assert site.holds_what_a_rebuild_gives() == "rebuilt"
    assert lake.read(sessions.TABLE).where("visitor_value = 'two midnights'").count() == 1

    # A late event joins two sessions of different days; the long session touches its own first day. Another is
    # forty days late, and alone on its day: nothing around it is rebuilt.
    site.change([event("2024-03-02 23:58", "joined"), event("2024-01-25 12:00", "old")])
    assert site.holds_what_a_rebuild_gives() == "4 x started_on"
    assert lake.read(sessions.TABLE).where("visitor_value = 'joined'").count() == 1

    # It is moved back to the morning, and the session falls into two again, the second on the next day. The
    # long one loses its last event before a midnight, and its rest begins on the day after. It is the next day's
    # run, which also sees the rest of a session that crossed into it.
    gap = site.at("2024-03-02 23:35", "two midnights")
    site.change([event("2024-03-02 10:01", "joined")], gone=[site.at("2024-03-02 23:58", "joined"), gap])
    assert site.holds_what_a_rebuild_gives(date(2024, 3, 6)) == "5 x started_on"
    long = lake.read(sessions.TABLE).where("visitor_value = 'two midnights'").select("started_on").collect()
    assert {row[0] for row in long} == {date(2024, 3, 1), date(2024, 3, 3)}


@pytest.mark.spark
def test_any_stream_of_events_in_any_pieces(lake: Lake) -> None:
    """Some 200 events of five visitors, most of them around midnights; then a third of them come and go."""
    chance = random.Random(17)

    def some(count: int) -> list[dict[str, Any]]:
        minutes = [chance.choice((1, 2, 3)) * 1440 + int(chance.gauss(0, 200)) for _ in range(count)]
        start = datetime(2024, 3, 1)  # noqa: DTZ001 - `event` reads it as UTC
        return [
            event(f"{start + timedelta(minutes=m):%Y-%m-%d %H:%M}", chance.choice("abcde")) for m in minutes
        ]

    site = Site(lake, some(150))
    assert site.holds_what_a_rebuild_gives() == "rebuilt"
    site.change(some(60), gone=chance.sample(sorted(site.standing), 60))
    assert "x started_on" in site.holds_what_a_rebuild_gives()
