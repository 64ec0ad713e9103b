"""Commands that answer and change nothing: of the lake, of a file of paths, and of this machine."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import LOCAL, Conf, Sets, settings_of


def tables(conf: Conf = LOCAL, sets: Sets = []) -> None:
    """Every table: its grain, rows, version and freshness."""
    settings = settings_of(conf, sets)
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


def status(
    conf: Conf = LOCAL,
    sets: Sets = [],
    html: Annotated[
        Path | None, typer.Option(help="Write the same there, as a page that opens offline.")
    ] = None,
    prometheus: Annotated[
        Path | None, typer.Option(help="Write it there as Prometheus text, for the textfile collector.")
    ] = None,
) -> None:
    """How the lake is: last run by stage, durations, rows, freshness, models, and what to do next."""
    settings = settings_of(conf, sets)
    from pipelines.lakehouse import storage
    from pipelines.status import board, collect, page
    from pipelines.status import prometheus as exposition

    business = settings.business
    found = collect.collect(
        settings.lake.root,
        datetime.now(UTC),
        time_zone=business.time_zone,
        close_hour=business.close_hour,
    )
    if html is not None:
        storage.write_atomically(str(html), page.render(found).encode())
    if prometheus is not None:
        storage.write_atomically(str(prometheus), exposition.render(found).encode())
    board.show(found)


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
    settings = settings_of(conf, sets)
    _show(settings.lake.root, statement, release, limit)


def _show(root: str, statement: str, release: str | None, limit: int, title: str = "") -> None:
    from pipelines import console, query

    answer = query.select(root, statement, release)
    shown = answer.slice(0, limit).to_pylist()
    console.grid(
        title,
        answer.column_names,
        [["" if v is None else str(v) for v in row.values()] for row in shown],
        right=[field.name for field in answer.schema if query.is_number(field.type)],
    )
    if answer.num_rows > limit:
        console.OUT.print(f"{answer.num_rows:,} rows; the first {limit} are shown. --limit shows more.")


def ask(
    name: Annotated[str | None, typer.Argument(help="Which question; without it, those there are.")] = None,
    conf: Conf = LOCAL,
    sets: Sets = [],
    release: Annotated[
        str | None,
        typer.Option(help="Answer from this release, or from `latest`; else from what stands now."),
    ] = None,
    page: Annotated[
        Path | None, typer.Option(help="Write every question with its answer there, as Markdown.")
    ] = None,
) -> None:
    """The questions that marketers ask most, answered from gold. Starts no Spark; changes nothing."""
    settings = settings_of(conf, sets)
    from pipelines import console, query, questions
    from pipelines.lakehouse import storage

    root = settings.lake.root
    if page is not None:

        def answer(sql: str) -> tuple[list[str], list[list[object]]]:
            found = query.select(root, sql, release)
            return found.column_names, [list(row.values()) for row in found.to_pylist()]

        storage.write_atomically(str(page), questions.page(answer).encode())
    elif name is None:
        console.grid("", ["name", "question"], [[q.name, q.words] for q in questions.questions().values()])
    else:
        asked = questions.find(name)
        _show(root, asked.sql, release, limit=100, title=asked.words)


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


def doctor(
    conf: Conf = LOCAL,
    sets: Sets = [],
    deep: Annotated[bool, typer.Option(help="Start a session and write a row, too.")] = False,
) -> None:
    """Check Java, jars, the workers' interpreter, disk and settings, and name the fix of each fault."""
    settings = settings_of(conf, sets)
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
