"""The command that says what a retailer would need."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli.options import LOCAL, Conf, Sets, settings_of
from pipelines.errors import UsageError


def plan(
    receipts_per_day: Annotated[int, typer.Option(help="Receipts of a day, known and anonymous.")],
    history: Annotated[int, typer.Option(help="Days that the lake holds.")],
    events_per_day: Annotated[int, typer.Option(help="Web events of a day.")],
    people: Annotated[
        int | None, typer.Option(help="Known people; by default from the receipts, on six days a year each.")
    ] = None,
    hours: Annotated[float, typer.Option(help="That a day's run may take.")] = 4.0,
    price_per_core_hour: Annotated[
        float | None, typer.Option(help="Of one core, its memory within, in any currency.")
    ] = None,
    conf: Conf = LOCAL,
    sets: Sets = [],
) -> None:
    """Cores, memory, storage and cost of a day, from measured figures: docs/plan.md. Needs no lake, starts no Spark."""
    for name, value, least in (
        ("--receipts-per-day", receipts_per_day, 1),
        ("--history", history, 1),
        ("--events-per-day", events_per_day, 0),
        ("--people", people, 1),
    ):
        if value is not None and value < least:
            raise UsageError(f"{name} is {value:,}", remedy=f"Give a whole number of at least {least}.")
    if not 0 < hours <= 24:
        raise UsageError(
            f"--hours is {hours:g}", remedy="Give more than 0 and at most 24: a day has its run."
        )
    if price_per_core_hour is not None and price_per_core_hour < 0:
        raise UsageError(f"--price-per-core-hour is {price_per_core_hour:g}", remedy="Give 0 or more.")
    settings = settings_of(conf, sets)
    from pipelines import console
    from pipelines.plan.asked import answer
    from pipelines.plan.sizing import Load, people_of

    load = Load(receipts_per_day, events_per_day, history, people or people_of(receipts_per_day))
    console.say(answer(load, settings, hours=hours, price=price_per_core_hour))
