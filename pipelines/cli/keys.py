"""Commands about the vault's key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import LOCAL, Conf, Sets, settings_of

app = typer.Typer(
    name="keys", help="The key under which contacts are hashed and sealed.", no_args_is_help=True
)


@app.callback()
def keys() -> None:
    """The key under which contacts are hashed and sealed."""


@app.command()
def rotate(
    to: Annotated[
        Path | None, typer.Option("--to", help="The new key's file; without it, one is made.")
    ] = None,
    conf: Conf = LOCAL,
    sets: Sets = [],
) -> None:
    """Seal every contact under another key; tokens, persons and their ids stay."""
    settings = settings_of(conf, sets)
    from pipelines import console, context
    from pipelines import keys as rotation

    with context.session(settings) as spark:
        done = rotation.rotate(spark, settings, to)
    console.say(f"{done.contacts:,} contacts are sealed under the key {done.key_id}")
    if done.bring:
        console.say(f"Let TILLPOST_VAULT_KEY hold the text of {done.bring} from now on.")


@app.command()
def till(
    store: Annotated[str, typer.Argument(help="The shop, as the receipts name it.")],
    conf: Conf = LOCAL,
    sets: Sets = [],
) -> None:
    """Show the key by which a shop's tills look customers up in their feed; it changes with the vault's key."""
    settings = settings_of(conf, sets)
    from pipelines import console
    from pipelines.lakehouse.vault import store_key
    from pipelines.lakehouse.vault_key import ensure_key

    key = ensure_key(settings.vault.key_file, allow_generated=settings.vault.allow_generated_key)
    console.say(store_key(key, store).hex())
