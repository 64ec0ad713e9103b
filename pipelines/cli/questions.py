"""Commands that answer and change nothing: of the lake, of a file of paths, and of this machine."""

from __future__ import annotations

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
