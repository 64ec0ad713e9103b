"""Commands for what a person may ask of whoever holds their data."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import LOCAL, Conf, Sets, settings_of
from pipelines.cli.support import Card, Email, Phone, one_of


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
