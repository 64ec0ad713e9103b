"""The command `tillpost`: each stage, the whole run, the demo, and the questions one asks of a lake."""

from __future__ import annotations

import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.errors import SystemFault, TillpostError, UsageError

if TYPE_CHECKING:
    from pipelines.settings import Settings

app = typer.Typer(
    name="tillpost",
    help="From the till to the mailbox: receipts, web sessions and mails become send lists and reports.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

DEMO_DATE = datetime(2017, 12, 31)  # noqa: DTZ001 - a day
WORLD_DATE = datetime(2024, 1, 1)  # noqa: DTZ001 - a day
WORLD = Path("data/simulated")

Conf = Annotated[
    Path,
    typer.Option(
        "--conf", envvar="TILLPOST_CONF", help="The environment's settings, laid over base.yaml beside it."
    ),
]
Sets = Annotated[
    list[str],
    typer.Option("--set", metavar="KEY=VALUE", help="One setting, such as lake.root=data/lake. Repeatable."),
]
AsOf = Annotated[
    datetime, typer.Option("--as-of", formats=["%Y-%m-%d"], help="The business date whose books are closed.")
]
LOCAL = Path("conf/local.yaml")


def _settings(conf: Path, sets: list[str]) -> Settings:
    from pipelines.settings import load

    return load(conf, sets)


def _work(settings: Settings, days: Sequence[date], names: Sequence[str]) -> None:
    from pipelines import console, context, stages
    from pipelines.flow import of_stage

    board = console.Board()
    with context.session(settings) as spark:
        for day in days:
            if len(days) > 1:
                console.OUT.rule(str(day))
            with context.within(spark, settings, day, board.tell) as run:
                for name in names:
                    with board.stage(name, total=len(of_stage(name)) or 1):
                        result = stages.STAGES[name](run)
                    for line in stages.said_of(result):
                        console.OUT.print(f"  {line}")


def _stage_command(name: str, says: str) -> None:
    def command(as_of: AsOf, conf: Conf = LOCAL, sets: Sets = []) -> None:
        _work(_settings(conf, sets), [as_of.date()], (name,))

    command.__doc__ = says
    app.command(name)(command)


@app.command()
def ingest(
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d"], help="The business date whose books are closed."),
    ] = None,
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
    refine to it. Ctrl+C or SIGTERM ends it cleanly.
    """
    settings = _settings(conf, sets)
    if continuous is (as_of is not None):
        raise UsageError(
            "`ingest` is for one date, or --continuous", remedy="Give either --as-of DAY or --continuous."
        )
    if as_of is not None:
        _work(settings, [as_of.date()], ("ingest",))
    else:
        _follow(settings, every)


def _follow(settings: Settings, every: float) -> None:
    from pipelines import console, context
    from pipelines.continuous import Continuous

    stop = Event()

    def ask_to_stop() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())

    ask_to_stop()
    with context.session(settings) as spark:
        ask_to_stop()  # again, since PySpark takes Ctrl+C for itself
        console.OUT.print(f"following {settings.landing.root}; Ctrl+C ends it")
        Continuous(spark, settings, console.say).follow(every, stop)
    console.OUT.print("ended; what was taken is in silver")


for _name, _says in (
    (
        "refine",
        "Bronze records become typed facts in silver; what is refused goes to quarantine, with every reason.",
    ),
    ("build", "Facts become gold: the customer 360, interests, replenishment, KPIs."),
    (
        "train",
        "Fit ALS on what was known at the close, compare it in MLflow, and promote it if the gate lets it.",
    ),
    ("score", "The champion scores people, and the day's send list is made."),
    ("publish", "Validate, export and release the send list and the report."),
):
    _stage_command(_name, _says)


@app.command()
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
    _work(_settings(conf, sets), days, names)


@app.command()
def land(
    conf: Conf = LOCAL,
    sets: Sets = [],
    kind: Annotated[
        str | None, typer.Option("--format", help="A vendor's format, such as sendgrid; see docs/formats.md.")
    ] = None,
    paths: Annotated[
        list[Path], typer.Option("--from", metavar="PATH...", help="The vendor's files, or folders of them.")
    ] = [],
    more: Annotated[list[Path], typer.Argument(metavar="PATH", help="More of them.", hidden=True)] = [],
    arrived: Annotated[
        str | None, typer.Option(help="When they arrived, in UTC, such as 2024-03-02T00:30:00Z.")
    ] = None,
) -> None:
    """Write landing files: a vendor's own, by its --format; without one the demo's year of real receipts."""
    settings = _settings(conf, sets)
    from pipelines import console

    if kind is None and arrived is None and not paths and not more:
        from pipelines import demo as demonstration

        demonstration.land(settings, console.Board())
        return
    from pipelines import vendor_files

    vendor_files.land(settings, console.Board(), kind, [*paths, *more], arrived)


@app.command()
def simulate(
    conf: Conf = LOCAL,
    sets: Sets = [],
    to: Annotated[
        Path, typer.Option(help="The folder: landing files in landing/, the truth in truth/.")
    ] = WORLD,
    dress: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Make no world: add web visits and mails to the receipts landed there."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of every draw; the same gives the same files.")] = 1,
    households: Annotated[int, typer.Option(help="1 to 50,000,000.")] = 2000,
    start: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="The first business day.")
    ] = WORLD_DATE,
    days: Annotated[int, typer.Option(help="1 to 3,660.")] = 60,
    stores: Annotated[int, typer.Option(help="1 to 10,000, and no more than households.")] = 20,
    products: Annotated[int, typer.Option(help="192 to 10,000,000.")] = 2000,
    web: Annotated[
        float, typer.Option(help="Browsing and crawlers, as a multiple of the usual; 0 to 20.")
    ] = 1.0,
    mail: Annotated[float, typer.Option(help="Share sent of the mails that could be; 0 to 1.")] = 1.0,
    faults: Annotated[
        float, typer.Option(help="Share of records late, sent twice or damaged; 0 to 0.09.")
    ] = 0.005,
) -> None:
    """A world with a known truth: landing files of every source, and who did what and why."""
    settings = _settings(conf, sets)
    from pipelines import console
    from pipelines.simulate import command

    if dress:
        command.dressed(settings, console.Board(), str(dress), seed)
        return
    numbers = {"households": households, "days": days, "stores": stores, "products": products}
    shares = {"web": web, "mail": mail, "faults": faults}
    command.simulate(settings, console.Board(), str(to), seed=seed, start=start.date(), **numbers, **shares)


@app.command()
def demo(conf: Conf = LOCAL, sets: Sets = [], as_of: AsOf = DEMO_DATE) -> None:
    """The whole flow on real receipts: land, dress, ingest, refine, build, train, score, publish."""
    settings = _settings(conf, sets)
    from pipelines import console
    from pipelines import demo as demonstration

    board = console.Board()
    landed = demonstration.land(settings, board)
    demonstration.dress_receipts(settings, board)
    _work(settings, [as_of.date()], demonstration.STAGES)
    demonstration.show(settings, as_of.date(), landed)


@app.command()
def tables(conf: Conf = LOCAL, sets: Sets = []) -> None:
    """Every table: its grain, rows, version and freshness."""
    settings = _settings(conf, sets)
    from pipelines import console, query

    rows = [
        [
            line.name,
            line.grain,
            "" if line.rows is None else f"{line.rows:,}",
            "" if line.version is None else str(line.version),
            str(line.as_of or ""),
            "never" if line.written_at is None else f"{line.written_at:%Y-%m-%d %H:%M} UTC",
        ]
        for line in query.listing(settings.lake.root)
    ]
    console.grid(
        f"The lake at {settings.lake.root}",
        ["table", "grain", "rows", "version", "as of", "written"],
        rows,
        right=("rows", "version"),
    )


@app.command()
def sql(
    statement: Annotated[
        str,
        typer.Argument(
            help="One SELECT, in DuckDB's dialect; tables are named as `tillpost tables` lists them."
        ),
    ],
    conf: Conf = LOCAL,
    sets: Sets = [],
    release: Annotated[
        str | None, typer.Option(help="Read every table at the versions of this release, or of `latest`.")
    ] = None,
    limit: Annotated[int, typer.Option(help="Rows to show at most.")] = 100,
) -> None:
    """Ask the lake. Starts no Spark; changes nothing."""
    settings = _settings(conf, sets)
    from pipelines import console, query

    answer = query.select(settings.lake.root, statement, release)
    shown = answer.slice(0, limit).to_pylist()
    console.grid(
        "",
        answer.column_names,
        [["" if v is None else str(v) for v in row.values()] for row in shown],
        right=[field.name for field in answer.schema if query.is_number(field.type)],
    )
    if answer.num_rows > limit:
        console.OUT.print(f"{answer.num_rows:,} rows; the first {limit} are shown. --limit shows more.")


@app.command()
def attribute(
    file: Annotated[Path, typer.Argument(help="A CSV of path (`a > b > c`), conversions, value, nulls.")],
    models: Annotated[
        list[str],
        typer.Option("--model", help="first, last, markov, shapley, ...; repeatable. Default: all."),
    ] = [],
    order: Annotated[int, typer.Option(help="Of the Markov chain: 1, 2 or 3.")] = 1,
    transforms: Annotated[
        list[str], typer.Option("--transform", help="exposure, unique, first, ...; repeatable.")
    ] = [],
    direct: Annotated[str, typer.Option(help="The channel of those who came by themselves.")] = "direct",
    out: Annotated[Path | None, typer.Option(help="Write the credits there, as CSV.")] = None,
) -> None:
    """Credits of channels from a file of paths; see docs/attribution.md. Starts no Spark, needs no lake."""
    from pipelines import attribution_file

    attribution_file.show(file, models, order, transforms, direct, out)


@app.command()
def rollback(
    release: Annotated[str, typer.Argument(help="Its id, as `audit.releases` has it.")],
    conf: Conf = LOCAL,
    sets: Sets = [],
) -> None:
    """Let gold and the send list read again as in an earlier release, and `latest` name it; the next run goes on."""
    settings = _settings(conf, sets)
    from pipelines import console, context
    from pipelines.rollback import rollback as roll

    with context.session(settings) as spark:
        for outcome in roll(spark, settings, release):
            console.Board().tell(outcome)
    console.OUT.print(f"latest is {release}")


@app.command()
def doctor(
    conf: Conf = LOCAL,
    sets: Sets = [],
    deep: Annotated[bool, typer.Option(help="Start a session and write a row, too.")] = False,
) -> None:
    """Check Java, jars, the workers' interpreter, disk and settings, and name the fix of each fault."""
    settings = _settings(conf, sets)
    from pipelines import console
    from pipelines.doctor import examine

    findings = examine(settings, deep=deep)
    console.grid(
        "",
        ["check", "", "found", "what to do"],
        [[f.check, "ok" if f.ok else "FAULT", f.detail, "" if f.ok else f.remedy] for f in findings],
    )
    if not all(f.ok for f in findings):
        raise typer.Exit(5)


def guarded(work: Callable[[], Any]) -> int:
    """Run `work` and turn every failure into one clear message and an exit code (see `pipelines.errors`)."""
    try:
        work()
    except TillpostError as error:
        from pipelines import console

        console.fail(error)
        return error.exit_code
    except OSError as error:
        from pipelines import console

        fault = SystemFault(
            f"The machine refused: {error}",
            remedy="Check the disk's space and permissions (`tillpost doctor`), then run again.",
        )
        console.fail(fault)
        return fault.exit_code
    except Exception as error:
        return _unexpected(error)
    except KeyboardInterrupt:
        sys.stderr.write("tillpost: stopped. Run the same command again: it goes on from what is done.\n")
        return 130
    return 0


def _unexpected(error: Exception) -> int:
    """A bug, or a fault of the engine that nobody foresaw: one line now, the whole trace in a file."""
    from pipelines import console

    trace = Path(tempfile.mkdtemp(prefix="tillpost-")) / "error.txt"
    trace.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    console.fail(
        TillpostError(
            f"Unexpected {type(error).__name__}: {first[:300]}",
            remedy=f"Run again: what is done is kept. If it comes back, report it with {trace}",
        )
    )
    return TillpostError.exit_code


def main() -> None:
    """The entry point: an error is a message, a remedy and an exit code, never a bare stack trace."""
    sys.exit(guarded(app))


def job(name: str) -> None:
    """The entry point of `jobs/<name>.py` under spark-submit: the subcommand of the same name."""
    if name not in {
        command.name or command.callback.__name__ for command in app.registered_commands if command.callback
    }:
        raise UsageError(f"There is no job {name!r}", remedy="See jobs/ for those there are.")
    sys.exit(guarded(lambda: app(args=[name, *sys.argv[1:]], standalone_mode=True)))
