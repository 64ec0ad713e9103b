"""What a person sees while a run works, and when it ends."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table as Grid

from pipelines.errors import TillpostError

if TYPE_CHECKING:
    from pipelines.run import Outcome

WRAPPED = ("grain", "where to look", "what to do", "found", "tables")  # columns of prose
PAGE = 160  # characters; prose that goes into a file is folded there
LONG = 30  # characters; a cell that is longer is folded where the terminal is too narrow
OUT = Console(
    highlight=False,
    emoji=False,  # a token is `email:...`, and no picture
    soft_wrap=not sys.stdout.isatty(),
    width=None if sys.stdout.isatty() else 100_000,
)
ERR = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)


class Board:
    """One run's progress: a line for each table, and on a terminal a bar for the stage at work."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._day: date | None = None

    def begin(self, run_id: str, as_of: date) -> None:
        """What is shown from now on is of this run; a rule parts its date from the one before."""
        if self._day is not None:
            OUT.rule(str(as_of))
        self._day = as_of

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[None]:
        """Show a stage of so many steps; ends with a line that says how long it took."""
        OUT.print(f"[bold]{name}[/]")
        started = time.monotonic()
        columns = (
            TextColumn("  {task.description}"),
            BarColumn(bar_width=32),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=OUT, transient=True, disable=not OUT.is_terminal) as bar:
            self._bar, self._task = bar, bar.add_task(name, total=total)
            yield
        self._bar = None
        OUT.print(f"  [dim]{name} took {time.monotonic() - started:.1f} s[/]")

    def tell(self, outcome: Outcome) -> None:
        """One table is done."""
        OUT.print(_line(outcome))
        self.step()

    def say(self, text: str) -> None:
        """A line of a stage's result."""
        OUT.print(f"  {text}")

    def step(self, done: int = 1) -> None:
        """Move the bar on."""
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, done)


class Plain:
    """What a person sees of a process that lives on: what it says, and not each of its tables."""

    def begin(self, run_id: str, as_of: date) -> None:
        """A cycle says itself which date it is of."""

    def stage(self, name: str, total: int) -> AbstractContextManager[None]:
        """A cycle says itself how long it took."""
        return nullcontext()

    def tell(self, outcome: Outcome) -> None:
        """A cycle says itself what it brought."""

    def say(self, text: str) -> None:
        """A line as it is."""
        say(text)


def _line(outcome: Outcome) -> str:
    said, counts = outcome.scope, outcome.counts
    if counts is not None and counts.received:
        said += f": {counts.accepted:,} rows"
        said += f", {counts.refused:,} refused" if counts.refused else ""
        said += f", {counts.duplicates:,} duplicates" if counts.duplicates else ""
    version = "-" if outcome.version < 0 else f"v{outcome.version}"
    return f"  {outcome.table:<26} {version:<5}{outcome.seconds:7.1f} s  {escape(said)}"


def say(text: str) -> None:
    """A line as it is."""
    OUT.print(escape(text))


def fail(error: TillpostError) -> None:
    """What is wrong, and what to do about it."""
    ERR.print(f"[bold red]tillpost:[/] {escape(error.message)}")
    ERR.print(f"  [bold]What to do:[/] {escape(error.remedy)}")


def grid(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()
) -> None:
    """A table for a person, or as wide as it is for a file; `right` names the columns of numbers."""
    table = Grid(title=title or None, title_justify="left", title_style="bold", header_style="bold")
    for column, *cells in zip(columns, *rows, strict=True):
        wraps = column in WRAPPED or (OUT.is_terminal and max(map(len, cells), default=0) > LONG)
        table.add_column(
            column, justify="right" if column in right else "left", overflow="fold", no_wrap=not wraps
        )
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    prose = any(column in WRAPPED for column in columns)
    OUT.print(table, width=PAGE if prose and not OUT.is_terminal else None)
