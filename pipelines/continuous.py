"""`tillpost ingest --continuous`: one living process that takes what has arrived, again and again, into silver.

A round looks for files that the ledger lacks. Where there are some, a cycle runs the stages `ingest` and `refine`
for the business date that was open when they arrived; dates come in their order, so the tables have a version that
holds what had arrived by each close, and a run reads that one (`pipelines/context.py`). The ledger is the checkpoint:
what a killed process leaves half-done, the first cycle of the next one finishes. Where `triggers.live` names triggers,
messages to the people of new receipts are decided and listed behind the cycle (`pipelines/live.py`).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Hashable, Iterable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from threading import Event
from typing import Protocol

from pyspark.sql import SparkSession

from pipelines import ingest as ingestion
from pipelines import live, stages
from pipelines.bronze import files as ledger
from pipelines.calc.time import books_close, books_open
from pipelines.context import LANDED, Context, Skipped, at_close, newest_date, record
from pipelines.flow import of_stage
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.lease import lease
from pipelines.landing.files import landed
from pipelines.landing.manifest import whole
from pipelines.landing.sources import SOURCES
from pipelines.run import Champion, Outcome
from pipelines.settings import Settings

HELD = ("ingest", "refine")


class Board(Protocol):
    """Who is told of a process: `console.Plain`, or `cli.log.Log` where a machine reads."""

    def begin(self, run_id: str, as_of: date) -> None:
        """What is told from now on is of this cycle."""

    def stage(self, name: str, total: int) -> AbstractContextManager[None]:
        """A stage of so many tables, while the block lasts."""

    def tell(self, outcome: Outcome) -> None:
        """One table is done."""

    def say(self, text: str) -> None:
        """A line for a person."""


@dataclass
class Continuous:
    """A living process; nothing of what it remembers is needed by the next one.

    Args:
        spark: An open session.
        settings: Of the command.
        board: Told of each cycle, in a line too, and of whatever else a person should know, once.
    """

    spark: SparkSession
    settings: Settings
    board: Board
    _known: set[ingestion.Key] = field(default_factory=set)
    _said: set[Hashable] = field(default_factory=set)
    _day: date | None = None
    _unrecorded: Context | None = None
    _owed: Context | None = None
    _models: Champion | None = None

    def follow(self, every: float, stop: Event) -> None:
        """Rounds until `stop` is set, begun at least so many seconds apart.

        Raises:
            LeaseHeld: a run is writing bronze or silver.
        """
        name = f"continuous-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        root = self.settings.lake.root
        with ExitStack() as held:
            leases = [held.enter_context(lease(root, stage, name, continuous=True)) for stage in HELD]
            try:
                while not stop.is_set():
                    began, started = datetime.now(UTC), time.monotonic()
                    if self.round(began, stop):
                        for come_to in leases:
                            come_to(began)
                    stop.wait(max(0.0, every - (time.monotonic() - started)))
                self._record()
            except Exception:
                if not stop.is_set():
                    raise
                self.board.say("stopped in the middle of a cycle; the next start finishes it")

    def round(self, now: datetime, stop: Event) -> bool:
        """Take what has arrived by now; gives whether all of it is in silver, which it is unless stopped."""
        days = self._days(now)
        for day, files in days:
            if not self._cycle(day, files, stop):
                return False
        self._answer(now, stop)
        if not days:
            self._record()
        return True

    def _answer(self, now: datetime, stop: Event) -> None:
        """Decide and list the live triggers' messages of the newest date, unless that has been done."""
        if self._owed is None or stop.is_set():
            return
        began = time.monotonic()
        shown = partial(self.board.stage, "live", total=len(live.NEEDED))
        answered = live.answer(self._owed, now, shown)
        if isinstance(answered, Skipped):
            self._say_once([(answered.why, answered.why)])
            return
        self._owed = None
        self.board.say(f"decided and listed {answered.messages:,} messages, {time.monotonic() - began:.1f} s")

    def _days(self, now: datetime) -> list[tuple[date, int]]:
        """The business dates to run for, in order, each with how many new files it has.

        The first round of a process has the lake's newest date among them, to finish what was left half-done.
        """
        business, root = self.settings.business, self.settings.landing.root
        today = books_open(now, business.time_zone, business.close_hour)
        counts: Counter[date] = Counter()
        lake = Lake(self.spark, self.settings.lake.root)
        begun = self._day is not None
        if self._day is None:
            standing = newest_date(lake, LANDED)
            self._day = standing if standing > date.min else today - timedelta(days=1)
        close = books_close(max(today, self._day), business.time_zone, business.close_hour)
        found, left = landed(root, SOURCES, close)
        if not begun and ledger.done(lake.head(ledger.TABLE)):
            self._known |= {file.key for file in ledger.among(lake, found, how="left_semi")}
            counts[self._day] = 0
        new, waiting = whole(root, found, [file for file in found if file.key not in self._known])
        for file in new:
            opened = books_open(file.arrived_at, business.time_zone, business.close_hour)
            counts[max(self._day, opened)] += 1
        self._say_once((said := f"not read: {path}: {why}", said) for path, why in (*left, *waiting))
        return sorted(counts.items())

    def _cycle(self, day: date, files: int, stop: Event) -> bool:
        """One run of `ingest` and `refine` for a date; false where it was stopped before its end."""
        if stop.is_set():
            return False
        began = time.monotonic()
        made: list[str] = []

        def report(outcome: Outcome) -> None:
            self.board.tell(outcome)
            made.extend(filter(None, [_said(outcome)]))

        context = replace(
            at_close(self.spark, self.settings, day, self.board.tell),
            holds=frozenset(HELD),
            known=self._known,
        )
        if self._models is None or self._day != day:
            self._models = context.run.champion
        context = replace(context, run=replace(context.run, champion=self._models))  # loaded once a date
        self._day, self._unrecorded = day, context
        self.board.begin(context.run.run_id, day)
        with self.board.stage("ingest", total=len(SOURCES)):
            ingested = stages.ingest(context)
        if isinstance(ingested, stages.Ingested):
            self._say_once(((drift.source, drift.fields), str(drift)) for drift in ingested.drift)
        if stop.is_set():
            return False
        with self.board.stage("refine", total=len(of_stage("refine"))):
            stages.refine(replace(context, report=report))
        self._owed = context if self.settings.triggers.live else None
        brought = "; ".join(made) or "nothing was left to do"
        took = time.monotonic() - began
        self.board.say(f"{datetime.now(UTC):%H:%M:%S} UTC, {day}, {files:,} files, {took:.1f} s: {brought}")
        return True

    def _record(self) -> None:
        if self._unrecorded is not None:
            record(self._unrecorded)
            self._unrecorded = None

    def _say_once(self, lines: Iterable[tuple[Hashable, str]]) -> None:
        """Tell each line whose subject was not told of before."""
        for subject, line in lines:
            if subject not in self._said:
                self._said.add(subject)
                self.board.say(line)


def _said(outcome: Outcome) -> str:
    counts = outcome.counts
    if counts is None or not counts.received:
        return ""
    more = [
        f"{n:,} {what}" for n, what in ((counts.refused, "refused"), (counts.duplicates, "duplicates")) if n
    ]
    return f"{outcome.table} +{counts.accepted:,}" + (f" ({', '.join(more)})" if more else "")
