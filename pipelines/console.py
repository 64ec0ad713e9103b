"""What a person sees while a run works, and when it ends."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table as Grid

from pipelines.errors import TillpostError
from pipelines.runner import Outcome

OUT = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
ERR = Console(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def stage(name: str, total: int) -> Iterator[Progress]:
    """A bar named after the stage, which ends as one line with its time."""
    columns = (
        TextColumn("[bold]{task.description:<8}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=OUT, transient=False) as bar:
        bar.add_task(name, total=total)
        yield bar


def tell(outcome: Outcome) -> None:
    """One line for one table."""
    counts = outcome.counts
    said = f"{outcome.scope}"
    if counts is not None and counts.received:
        said += f": {counts.accepted:,} rows"
        said += f", {counts.refused:,} refused" if counts.refused else ""
        said += f", {counts.duplicates:,} duplicates" if counts.duplicates else ""
    OUT.print(f"  {outcome.table:<26} v{outcome.version:<4} {outcome.seconds:6.1f} s  {said}")


def fail(error: TillpostError) -> None:
    """What is wrong, and what to do about it."""
    ERR.print(f"[bold red]tillpost:[/] {_plain(error.message)}")
    ERR.print(f"  [bold]What to do:[/] {_plain(error.remedy)}")


def grid(title: str, columns: list[str], rows: list[list[str]], *, right: tuple[str, ...] = ()) -> None:
    """A table for a person."""
    table = Grid(title=title, title_justify="left", title_style="bold", header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_plain(cell) for cell in row))
    OUT.print(table)


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
