"""Commands for what a person may ask of whoever holds their data."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import LOCAL, Conf, Sets, settings_of
from pipelines.cli.support import Card, Email, Phone, in_one_form, one_of


def export_person(
    out: Annotated[Path, typer.Option(help="A folder that is not there yet; it is for the person's eyes.")],
    phone: Phone = None,
    email: Email = None,
    card: Card = None,
    conf: Conf = LOCAL,
    sets: Sets = [],
) -> None:
    """Everything that is held of a person, as files: the answer to an access request. Starts no Spark."""
    settings = settings_of(conf, sets)
    by, value = one_of(phone, email, card)
    from pipelines import console
    from pipelines.lakehouse.vault_key import ensure_key
    from pipelines.subject.export import export
    from pipelines.support.person import find

    root = settings.lake.root
    key = ensure_key(settings.vault.key_file, allow_generated=settings.vault.allow_generated_key)
    person = find(root, key, by, value, region=settings.business.default_region)
    found = export(root, key, person, out, at=datetime.now(UTC))
    console.grid(
        "", ["table", "rows"], [[name, f"{rows:,}"] for name, rows in found.items()], right=("rows",)
    )
    console.say(f"{person}: {len(found)} files and their index are in {out}")


def erase(
    phone: Phone = None,
    email: Email = None,
    card: Card = None,
    person: Annotated[str | None, typer.Option(help="Their id, where it is known.")] = None,
    conf: Conf = LOCAL,
    sets: Sets = [],
) -> None:
    """Erase a person from the lake and from what left it, and write a certificate of it; killed, it is run again."""
    settings = settings_of(conf, sets)
    from pipelines import console, context
    from pipelines.subject import erase as erasing
    from pipelines.subject.certificate import sentences
    from pipelines.support.person import find

    root, region = settings.lake.root, settings.business.default_region
    if person is not None and not any((phone, email, card)):
        asked, found = f"person:{person}", lambda: person
    else:
        by, value = one_of(phone, email, card)
        asked = f"{by}:{in_one_form(by, value, region)}"
        found = lambda: find(root, context.key_of(settings), by, value, region=region)  # noqa: E731
    with context.session(settings) as spark:
        done = erasing.erase(spark, settings, asked, found, at=datetime.now(UTC), say=console.say)
    for line in sentences(done.certificate)[2:3]:
        console.say(line)
    console.say(f"Certificate: {done.place}.txt and .json")
    console.say(
        "No release of before can be rolled back to; landing files are left to their senders' retention."
    )
