"""The command `tillpost`: each stage, the whole run, the demo, and the questions one asks of a lake.

A command's module imports what it works with when it is called: help and a wrong option should answer at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer

from pipelines.cli import (
    days,
    identity,
    keys,
    landing,
    messages,
    models,
    planning,
    questions,
    segment,
    subject,
    support,
    upkeep,
)
from pipelines.cli.closing import Closing
from pipelines.cli.failures import guarded
from pipelines.errors import UsageError

__all__ = ["COMMANDS", "app", "guarded", "job", "main"]

COMMANDS: dict[str, Callable[..., None]] = {
    "ingest": days.ingest,
    "refine": days.refine,
    "build": days.build,
    "train": days.train,
    "score": days.score,
    "publish": days.publish,
    "run": days.run,
    "preview": messages.preview,
    "send": messages.send,
    "land": landing.land,
    "simulate": landing.simulate,
    "demo": days.demo,
    "status": questions.status,
    "tables": questions.tables,
    "sql": questions.sql,
    "ask": questions.ask,
    "attribute": questions.attribute,
    "rollback": days.rollback,
    "person": support.person,
    "chat": support.chat,
    "export-person": subject.export_person,
    "erase": subject.erase,
    "maintain": upkeep.maintain,
    "plan": planning.plan,
    "doctor": questions.doctor,
}
"""Every subcommand, in the order in which the help lists them."""

SCHEDULED = ("ingest", "refine", "build", "train", "score", "publish", "run")
"""Those that end with a line for a machine, where nobody reads along."""

app = typer.Typer(
    name="tillpost",
    help="From the till to the mailbox: receipts, web sessions and mails become send lists and reports.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for _name, _command in COMMANDS.items():
    app.command(_name)(_command)
app.add_typer(identity.app)
app.add_typer(models.app)
app.add_typer(segment.app)
app.add_typer(keys.app)


def main() -> None:
    """The entry point of the command line."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    read_by_a_machine = name in SCHEDULED and not sys.stdout.isatty() and "--help" not in sys.argv
    sys.exit(_called(sys.argv[1:], Closing(name) if read_by_a_machine else None))


def job(name: str) -> None:
    """The entry point of `jobs/<name>.py` under spark-submit: the subcommand of the same name."""
    if name not in COMMANDS:
        raise UsageError(f"There is no job {name!r}", remedy="See jobs/ for those there are.")
    sys.exit(_called([name, *sys.argv[1:]], Closing(name)))


def _called(words: list[str], closing: Closing | None) -> int:
    return guarded(lambda: app(args=words), closing)
