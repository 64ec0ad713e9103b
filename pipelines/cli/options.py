"""Options that most commands take, and the settings that come of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipelines.settings import Settings

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
_DAY = typer.Option("--as-of", formats=["%Y-%m-%d"], help="The business date whose books are closed.")
AsOf = Annotated[datetime, _DAY]
MaybeAsOf = Annotated[datetime | None, _DAY]

LOCAL = Path("conf/local.yaml")


def settings_of(conf: Path, sets: list[str]) -> Settings:
    """The settings that `--conf` and `--set` ask for.

    Raises:
        SettingsError: one is unknown, missing or of the wrong type.
    """
    from pipelines.settings import load

    return load(conf, sets)
