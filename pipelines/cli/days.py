"""Commands that work on business days in a Spark session: each stage, the whole run, the demo, and the way back."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli import closing
from pipelines.cli.log import Log
from pipelines.cli.options import LOCAL, AsOf, Conf, MaybeAsOf, Sets, settings_of
from pipelines.errors import UsageError

if TYPE_CHECKING:
    from pipelines.settings import Settings

DEMO_DATE = datetime(2017, 12, 31)  # noqa: DTZ001 - a day


def work(settings: Settings, days: Sequence[date], names: Sequence[str]) -> None:
    """Do these stages for each of these days, one after the other, and show what each did."""
    from pipelines import console, context, stages
    from pipelines.flow import of_stage
    from pipelines.publish.release import Published

    _refuse_the_future(settings, days[-1])
    told = closing.current()
    board = Log(told) if told.command else console.Board()
    told.as_of = [str(day) for day in days]
    with context.session(settings) as spark:
        for day in days:
            with context.within(spark, settings, day, board.tell) as run:
                board.begin(run.run.run_id, day)
                told.runs.append(run.run.run_id)
                for name in names:
                    with board.stage(name, total=len(of_stage(name)) or 1):
                        result = stages.STAGES[name](run)
                    if isinstance(result, Published):
                        told.release = result.release_id
                    for line in stages.said_of(result):
                        board.say(line)


def _refuse_the_future(settings: Settings, day: date) -> None:
    """A date that was closed before it began would make every date until then a replay of the past."""
    from pipelines.calc.time import books_open

    business = settings.business
    today = books_open(datetime.now(UTC), business.time_zone, business.close_hour)
    if day > today:
        raise UsageError(
            f"{day} is in the future: the books that are open are those of {today}",
            remedy="Name that date or an earlier one; `tillpost status` says which is due.",
        )


def _stage(name: str, says: str) -> Callable[..., None]:
    def command(as_of: AsOf, conf: Conf = LOCAL, sets: Sets = []) -> None:
        work(settings_of(conf, sets), [as_of.date()], (name,))

    command.__doc__ = says
    return command


refine = _stage(
    "refine",
    "Bronze records become typed facts in silver; what is refused goes to quarantine, with every reason.",
)
build = _stage("build", "Facts become gold: the customer 360, interests, replenishment, KPIs.")
train = _stage(
    "train",
    "Fit ALS on what was known at the close, compare it in MLflow, and promote it if the gate lets it.",
)
score = _stage("score", "The champion scores people, and the day's send list is made.")
publish = _stage("publish", "Validate, export and release the send list and the report.")


def ingest(
    as_of: MaybeAsOf = None,
    conf: Conf = LOCAL,
    sets: Sets = [],
    continuous: Annotated[
        bool,
        typer.Option("--continuous", help="Live on, and take files into bronze and silver as they come."),
    ] = False,
    every: Annotated[
        float, typer.Option(min=0.0, metavar="SECONDS", help="With --continuous: how often to look.")
    ] = 10.0,
) -> None:
    """Landing files go into bronze, as received: all that had arrived by the close and are not there yet, then it ends.

    With --continuous it does not end: a file is in silver within a minute of its arrival, and `run` leaves ingest and
    refine to it. Messages of the triggers in triggers.live are decided and listed, too. Ctrl+C or SIGTERM ends it.
    """
    settings = settings_of(conf, sets)
    if continuous is (as_of is not None):
        raise UsageError(
            "`ingest` is for one date, or --continuous", remedy="Give either --as-of DAY or --continuous."
        )
    if as_of is not None:
        work(settings, [as_of.date()], ("ingest",))
    else:
        _follow(settings, every)


def _follow(settings: Settings, every: float) -> None:
    from pipelines import console, context
    from pipelines.continuous import Continuous

    told, stop = closing.current(), Event()
    board = Log(told) if told.command else console.Plain()

    def ask_to_stop() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())

    ask_to_stop()
    with context.session(settings) as spark:
        ask_to_stop()  # again, since PySpark takes Ctrl+C for itself
        board.say(f"following {settings.landing.root}; Ctrl+C ends it")
        Continuous(spark, settings, board).follow(every, stop)
    board.say("ended; what was taken is in silver")


def run(
    as_of: AsOf,
    conf: Conf = LOCAL,
    sets: Sets = [],
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Catch up: each day from --as-of to this one, in its turn."),
    ] = None,
    train: Annotated[bool, typer.Option("--train", help="Train and gate the models before scoring.")] = False,
) -> None:
    """One day's scheduled run: ingest, refine, build, score, publish. It never trains unless asked to."""
    names = ("ingest", "refine", "build", *(("train",) if train else ()), "score", "publish")
    first, last = as_of.date(), (until or as_of).date()
    if last < first:
        raise UsageError(
            f"--until {last} is before --as-of {first}",
            remedy="Name the first day as --as-of, the last as --until.",
        )
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    work(settings_of(conf, sets), days, names)


def demo(conf: Conf = LOCAL, sets: Sets = [], as_of: AsOf = DEMO_DATE) -> None:
    """The whole flow on real receipts: land, dress, ingest, refine, build, train, score, publish."""
    settings = settings_of(conf, sets)
    from pipelines import console, context
    from pipelines import demo as demonstration

    board = console.Board()
    landed = demonstration.land(settings, board)
    with context.session(settings, app_name="tillpost demo"):
        demonstration.dress_receipts(settings, board)
        work(settings, [as_of.date()], demonstration.STAGES)
    demonstration.show(settings, as_of.date(), landed)


def rollback(
    release: Annotated[str, typer.Argument(help="Its id, as `audit.releases` has it.")],
    conf: Conf = LOCAL,
    sets: Sets = [],
) -> None:
    """Let gold and the send list read again as in an earlier release, and `latest` name it; the next run goes on."""
    settings = settings_of(conf, sets)
    from pipelines import console, context
    from pipelines.rollback import rollback as roll

    with context.session(settings) as spark:
        for outcome in roll(spark, settings, release):
            console.Board().tell(outcome)
    console.OUT.print(f"latest is {release}")
