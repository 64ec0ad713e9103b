"""The command that keeps a lake's tables quick and small."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipelines.cli.options import LOCAL, Conf, Sets, settings_of
from pipelines.errors import LeaseHeld

if TYPE_CHECKING:
    from pipelines.maintain import Upkeep


def maintain(conf: Conf = LOCAL, sets: Sets = []) -> None:
    """Put small files together and delete what only old versions hold; readers are unharmed. Starts no Spark."""
    settings = settings_of(conf, sets)
    from pipelines import console
    from pipelines import maintain as upkeep

    done: list[Upkeep] = []
    upkeep.maintain(
        settings.lake.root,
        today=datetime.now(UTC).date(),
        keep_days=settings.maintain.keep_days,
        of_table=settings.maintain.tables,
        report=done.append,
    )
    columns = ["table", "files", "now", "old files deleted", "left alone"]
    console.grid("", columns, [_row(one) for one in done if _said(one)], right=columns[1:4])
    quiet = sum(not _said(one) for one in done)
    console.say(f"{quiet} of {len(done)} tables needed nothing")
    if done and all(one.kept is None for one in done):
        raise LeaseHeld(
            "No table was kept up: each stage is at work", remedy="Run `tillpost maintain` later."
        )


def _said(one: Upkeep) -> bool:
    return one.kept is None or one.kept.files != one.kept.now or one.kept.removed > 0


def _row(one: Upkeep) -> list[str]:
    if one.kept is None:
        return [one.table, "", "", "", one.why or ""]
    return [one.table, f"{one.kept.files:,}", f"{one.kept.now:,}", f"{one.kept.removed:,}", ""]
