"""Commands about trained models: what the registry holds, and the way back. Neither starts an engine."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli.options import LOCAL, Conf, Sets, settings_of

app = typer.Typer(
    name="models", help="What was trained, what is used, and the way back.", no_args_is_help=True
)


@app.command(name="list")
def list_(conf: Conf = LOCAL, sets: Sets = []) -> None:
    """Every version of every model: until when it has seen data, whether it is used, and what the gate said."""
    settings = settings_of(conf, sets)
    from pipelines import console
    from pipelines.context import tracking_of
    from pipelines.lakehouse.tracking_versions import versions

    console.grid(
        f"Models in {settings.tracking.uri}",
        ["version", "data until", "state", "the gate's reason"],
        [
            [held.version.label, str(held.version.trained_as_of), held.state, held.reason]
            for held in versions(tracking_of(settings))
        ],
    )


@app.command()
def rollback(
    name: Annotated[str, typer.Argument(help="Of the model, such as `als`.")],
    conf: Conf = LOCAL,
    sets: Sets = [],
) -> None:
    """Let the champion before the present one be the champion; the next run scores with it."""
    settings = settings_of(conf, sets)
    from pipelines import console
    from pipelines.context import tracking_of
    from pipelines.lakehouse.tracking_versions import rollback as roll

    console.OUT.print(f"champion is {roll(tracking_of(settings), name).label}")
