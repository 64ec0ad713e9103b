"""What continuous mode does for the triggers of `triggers.live`: new receipts are decided and listed at once.

After a cycle that brought facts into silver, the tables that a decision is made of (`NEEDED`, and no other of gold) are
brought up to date as a run of the date would; the journal gets the decisions, marked with their instant; and their
messages become a file (`publish/live_lists.py`). A kill between the two is made good by the next cycle, or by the
date's release. A date is answered from the release of the day before, since a decision leans on those before it, until
its own.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from pyspark.sql import functions as F

from pipelines import exporting
from pipelines.context import Context, Skipped, key_of, newest_date
from pipelines.errors import LeaseHeld
from pipelines.flow import FLOW, Step
from pipelines.gold import segment_members, send_decisions, send_list
from pipelines.lakehouse.lease import lease
from pipelines.publish import releases
from pipelines.runner import run_steps
from pipelines.settings import Settings

HELD = ("build", "score", "publish")


def _needed() -> tuple[Step, ...]:
    """What decisions are made of, beside what `refine` makes; a receipt asks nobody's segments."""
    names = {send_decisions.TABLE.name}
    for step in reversed(FLOW):
        if step.table.name in names:
            names |= {read.table.name for read in step.table.reads} - {segment_members.TABLE.name}
    return tuple(step for step in FLOW if step.stage in HELD and step.table.name in names)


NEEDED = _needed()


@dataclass(frozen=True)
class Answered:
    """How many messages were listed, and in how many files."""

    messages: int
    files: int


def answer(
    context: Context, now: datetime, shown: Callable[[], AbstractContextManager[None]] = nullcontext
) -> Answered | Skipped:
    """Decide what nobody has decided yet of the date's receipts, and list the messages.

    Args:
        context: An open run of the date, whose silver is up to date.
        now: The instant of the decision (UTC): no message goes earlier.
        shown: Opened around the work, where there is some.

    Raises:
        DataError: a table breaks its contract; what was decided before is listed by the next call.
    """
    run, settings = context.run, context.settings
    if (why := _not_open(context)) is not None:
        return Skipped(why)
    with ExitStack() as held:
        try:
            for stage in HELD:
                held.enter_context(lease(settings.lake.root, stage, run.run_id, continuous=True))
        except LeaseHeld as other:
            return Skipped(f"nothing is decided now: {other.message}")
        held.enter_context(shown())
        live = replace(run, decided_at=now, value=_asking(settings))
        run_steps(live, NEEDED, parallel=settings.runner.parallel_tables, report=context.report)
        decided = context.lake.read(send_decisions.TABLE).where(
            (F.col("decided_on") == F.lit(run.as_of))
            & F.col("decided_at").isNotNull()
            & (F.col("outcome") == send_decisions.SENT)
        )
        found = exporting.at_once(context.lake, settings, decided, key_of(settings), run.as_of)
    return Answered(sum(found.values()), len(found))


def _asking(settings: Settings) -> Callable[[str], Any]:
    """The settings, but that only the live triggers are asked for candidates."""
    return lambda path: settings.triggers.live if path == "triggers.raised" else settings.value(path)


def _not_open(context: Context) -> str | None:
    """Why continuous mode decides nothing for the date; null: it does."""
    as_of, released = context.run.as_of, newest_date(context.lake, (releases.TABLE,))
    if released >= as_of:
        return f"{as_of} was released: nothing more is decided for it"
    before = as_of - timedelta(days=1)
    if released < before and (released > date.min or context.lake.head(send_list.TABLE) is not None):
        return f"nothing is decided for {as_of} before {before} is released"
    return None
