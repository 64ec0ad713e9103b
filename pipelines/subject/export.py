"""Everything that is held of one person, as files: what a subject's access request is answered with.

| file | holds |
|---|---|
| `index.json` | whom it is about, when it was made, and each file: its rows, what one is, what each column means |
| `<layer>.<table>.jsonl` | the person's rows of that table, one JSON object a line; there is none without a row |

Contacts stand opened in them, in the place of their tokens; the files leave the house, so they are for the person's
eyes alone (mode 600, in a folder of mode 700). A record that was no JSON cannot be looked into and is not among them. A
record that names other people, too, such as one of a shared card, names them here: look before you hand it over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.bronze import records as bronze
from pipelines.catalog import TABLES, grain
from pipelines.errors import SystemFault, UsageError
from pipelines.lakehouse.table import Table
from pipelines.lakehouse.vault_key import KeyRef
from pipelines.landing.forgetting import TOKEN
from pipelines.subject.gather import among, clear
from pipelines.subject.held import Rows, records, refused, rows
from pipelines.subject.who import Subject, subject

INDEX, SCHEMA = "index.json", "person/1"


def export(root: str, key: KeyRef, person: str, folder: Path, *, at: datetime) -> dict[str, int]:
    """Write what is held of a person into a folder that is not there yet.

    Args:
        root: The lake.
        key: The vault's key.
        person: The person's id.
        folder: Where the files go.
        at: The present (UTC).

    Returns:
        How many rows of each table.

    Raises:
        UsageError: nobody is called so, or the folder is there.
        SystemFault: there is no lake, or the folder cannot be made.
        SettingsError: the contacts are sealed under another key.
    """
    if folder.exists():
        raise UsageError(f"{folder} is there already", remedy="Name a folder that is not there yet.")
    held = list(everything(root, subject(root, person)))
    tokens = set(TOKEN.findall(json.dumps([rows for _, rows in held], default=_text)))
    contacts = clear(root, key, among(tokens)) if tokens else {}
    try:
        folder.mkdir(mode=0o700, parents=True)
        for table, found in held:
            _write(folder / f"{table.name}.jsonl", (_line(opened(row, contacts)) for row in found))
        index = _index(person, at, held)
        _write(folder / INDEX, [json.dumps(index, indent=1, ensure_ascii=False)])
    except OSError as error:
        raise SystemFault(
            f"{folder} cannot be written: {error.strerror}", remedy="Name another folder with --out."
        ) from error
    return {table.name: len(found) for table, found in held}


def everything(root: str, who: Subject) -> Iterator[tuple[Table, Rows]]:
    """Each table with rows of a person, and those rows."""
    of = {table.name: records(root, table, who.identifiers) for table in bronze.TABLES.values()}
    places = {(row["file"], row["position"]) for found in of.values() for row in found}
    for table in TABLES:
        match table.layer:
            case "bronze":
                found = of.get(table.name, [])
            case "quarantine":
                found = refused(root, table, places)
            case "silver" | "gold":
                found = rows(root, table, who)
            case _:
                found = []
        if found:
            yield table, found


def opened(value: Any, contacts: Mapping[str, str]) -> Any:
    """A value with contacts in the place of their tokens, however deep they stand.

    >>> opened({"to": "email:" + 64 * "0"}, {"email:" + 64 * "0": "jo@shop.example"})
    {'to': 'jo@shop.example'}
    """
    if isinstance(value, dict):
        return {name: opened(each, contacts) for name, each in value.items()}
    if isinstance(value, list):
        return [opened(each, contacts) for each in value]
    if isinstance(value, bytes):
        return opened(value.decode("utf-8", "replace"), contacts)
    if not isinstance(value, str):
        return value
    if value in contacts:
        return contacts[value]
    return TOKEN.sub(lambda found: json.dumps(contacts.get(found[0], found[0]))[1:-1], value)  # a JSON text


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, default=_text, ensure_ascii=False)


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _index(person: str, at: datetime, held: Iterable[tuple[Table, Rows]]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "person_id": person,
        "made_at": at.isoformat(),
        "files": [
            {
                "file": f"{table.name}.jsonl",
                "rows": len(found),
                "each_row": grain(table),
                "columns": {column.name: column.meaning for column in table.columns},
            }
            for table, found in held
        ],
    }


def _write(path: Path, lines: Iterable[str]) -> None:
    path.touch(mode=0o600)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", errors="surrogateescape")
