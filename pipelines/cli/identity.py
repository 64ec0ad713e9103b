"""Commands about persons: why they are one, how sound the graph is, and what somebody decides about two identifiers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from pipelines.cli.options import LOCAL, Conf, Sets, settings_of

app = typer.Typer(
    name="identity", help="Who is one person, why, and what somebody decides about it.", no_args_is_help=True
)

One = Annotated[
    str, typer.Argument(metavar="A", help="An identifier, as type:value; a contact by its token.")
]
Other = Annotated[str, typer.Argument(metavar="B", help="The other one.")]
Why = Annotated[str, typer.Option(help="In your words, without a contact; kept with the decision.")]


@app.command()
def explain(
    person: Annotated[str, typer.Argument(help="A person's id, or an identifier as type:value.")],
    conf: Conf = LOCAL,
    sets: Sets = [],
) -> None:
    """Why a person is one: each identifier, through which other it is known, by what evidence. Starts no Spark."""
    settings = settings_of(conf, sets)
    from pipelines import console, persons

    found = persons.explain(settings.lake.root, person)
    console.grid(
        f"{found.person_id}: {len(found.known)} identifiers",
        ["identifier", "theirs since", "known through", "by", "first seen", "last seen", "facts"],
        [
            [
                one.identifier,
                _day(one.since),
                one.through or "",
                one.sources,
                _day(one.first),
                _day(one.last),
                str(one.observations or ""),
            ]
            for one in found.known
        ],
        right=("facts",),
    )
    for title, rows in (
        ("What came and went", found.changes),
        ("Evidence that joins nobody", found.rejected),
    ):
        _show(title, rows)


@app.command()
def audit(conf: Conf = LOCAL, sets: Sets = []) -> None:
    """How sound the graph is: sizes, degrees, rejected evidence by rule, and the share that is identified."""
    settings = settings_of(conf, sets)
    from pipelines import persons

    for title, rows in persons.audit(settings.lake.root).items():
        _show(title, rows)


@app.command()
def unmerge(one: One, other: Other, why: Why = "", conf: Conf = LOCAL, sets: Sets = []) -> None:
    """Part two identifiers that are one person, run the newest day again, and list what was recomputed."""
    settings = settings_of(conf, sets)
    from pipelines import console, context, decisions, persons

    pair = persons.identifier_of(one), persons.identifier_of(other)
    with context.session(settings) as spark:
        done = decisions.unmerge(spark, settings, *pair, why, console.Board().tell)
    _show(f"What moved, as of {done.as_of}", done.moved)
    console.grid(
        "What was recomputed",
        ["table", "of it", "rows that went", "rows that came"],
        [[t.table, t.scope, "" if t.went is None else f"{t.went:,}", f"{t.came:,}"] for t in done.tables],
        right=("rows that went", "rows that came"),
    )


@app.command()
def exclude(
    one: One,
    other: Other,
    why: Why = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take such a decision back.")] = False,
    conf: Conf = LOCAL,
    sets: Sets = [],
) -> None:
    """Two identifiers are never one person: landed as a decision, which the next run takes."""
    settings = settings_of(conf, sets)
    from pipelines import console, context, decisions, persons
    from pipelines.silver.identity_decisions import EXCLUDE, WITHDRAW

    pair = persons.identifier_of(one), persons.identifier_of(other)
    with context.session(settings) as spark:
        path = decisions.decide(spark, settings, WITHDRAW if withdraw else EXCLUDE, *pair, why)
    console.say(f"landed {path}; the next run takes it")


def _show(title: str, rows: list[dict[str, Any]]) -> None:
    from pipelines import console

    if not rows:
        console.say(f"{title}: nothing")
        return
    numbers = [name for name, value in rows[0].items() if isinstance(value, int | float)]
    cells = [
        [_day(value) if isinstance(value, datetime) else _text(value) for value in row.values()]
        for row in rows
    ]
    console.grid(
        title,
        [name.replace("_", " ") for name in rows[0]],
        cells,
        right=[n.replace("_", " ") for n in numbers],
    )


def _text(value: object) -> str:
    return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def _day(instant: datetime | None) -> str:
    return "" if instant is None else f"{instant:%Y-%m-%d %H:%M}"
