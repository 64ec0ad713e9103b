"""Commands about segments: what a file of them would select, before anybody is told of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import LOCAL, Conf, Sets, settings_of

app = typer.Typer(name="segment", help="Segments of people: what they would select.", no_args_is_help=True)


@app.callback()
def _segments() -> None:
    """Keeps `preview` a subcommand while it is the only one."""


@app.command()
def preview(
    file: Annotated[Path, typer.Argument(help="A YAML file of segments, as those in conf/segments.")],
    conf: Conf = LOCAL,
    sets: Sets = [],
) -> None:
    """Sizes, overlaps and warnings of a file's segments over the lake as it stands; changes nothing."""
    settings = settings_of(conf, sets)
    from pipelines import console
    from pipelines.segment_preview import preview as previewed

    found = previewed(settings, file)
    rows = [
        [
            row.segment,
            f"{row.members:,}",
            "" if row.share is None else f"{row.share:.1%}",
            ", ".join(f"{name} {members:,}" for name, members in row.overlaps),
            row.warning or "",
        ]
        for row in found.rows
    ]
    console.grid(
        f"{found.people:,} persons as of {found.as_of}",
        ["segment", "members", "share", "in common with", "warning"],
        rows,
        right=("members", "share"),
    )
