"""The command `tillpost`: each stage, the whole run, the demo, and the questions one asks of a lake.

A command's module imports what it works with when it is called: help and a wrong option should answer at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer

from pipelines.cli import days, identity, landing, questions
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
    "land": landing.land,
    "simulate": landing.simulate,
    "demo": days.demo,
    "tables": questions.tables,
    "sql": questions.sql,
    "attribute": questions.attribute,
    "rollback": days.rollback,
    "doctor": questions.doctor,
}
"""Every subcommand, in the order in which the help lists them."""

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


def main() -> None:
    """The entry point of the command line."""
    sys.exit(guarded(app))


def job(name: str) -> None:
    """The entry point of `jobs/<name>.py` under spark-submit: the subcommand of the same name."""
    if name not in COMMANDS:
        raise UsageError(f"There is no job {name!r}", remedy="See jobs/ for those there are.")
    sys.exit(guarded(lambda: app(args=[name, *sys.argv[1:]], standalone_mode=True)))
