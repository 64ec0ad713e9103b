"""An erasure that has begun: what it needs to finish if it is killed, sealed under the vault's key, until it is done.

Half-way nobody can be looked up any more by what the caller gave. So the whole of it is written down before anything is
deleted: `<lake>/vault/_erasing/<id>.json`, found by keyed hashes of everything by which the person can be asked for.
"""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime

from pipelines.errors import SettingsError
from pipelines.lakehouse import storage
from pipelines.lakehouse.erasures import ERASING
from pipelines.lakehouse.vault import Sealed, hashed, open_sealed, sealed_as
from pipelines.lakehouse.vault_key import KeyRef, keys_of
from pipelines.subject.who import Subject


@dataclass(frozen=True)
class Begun:
    """An erasure.

    Args:
        id: Its name, drawn by lot.
        at: When it was asked for (UTC): what happens later is not covered.
        who: The person, and whatever leads there.
        contacts: Theirs in clear, as `email:...` or `phone:...`.
        shred: Tokens of the vault to shred: theirs, and others that only their records held.
    """

    id: str
    at: datetime
    who: Subject
    contacts: tuple[str, ...]
    shred: tuple[str, ...]

    @property
    def asked_by(self) -> set[str]:
        """Everything by which the person can be asked for."""
        cards = {node.replace("loyalty_card:", "card:", 1) for node in self.who.identifiers if _is_card(node)}
        return {*cards, *self.contacts, *(f"person:{person}" for person in self.who.persons)}


def new_id() -> str:
    """The name of an erasure."""
    return secrets.token_hex(6)


def save(root: str, key: KeyRef, begun: Begun) -> None:
    """Write an erasure down, sealed."""
    said = {**asdict(begun), "at": begun.at.isoformat()}
    said["who"]["identifiers"] = sorted(begun.who.identifiers)
    sealed = sealed_as(key, begun.id, json.dumps(said).encode())
    told = {
        "key_id": sealed.key_id,
        "asked_by": sorted(hashed(key, "erasing", each) for each in begun.asked_by),
        "person_key": base64.b64encode(sealed.person_key).decode(),
        "sealed": base64.b64encode(sealed.sealed).decode(),
    }
    storage.write_atomically(_file(root, begun.id), json.dumps(told).encode())


def found(root: str, key: KeyRef, asked: str) -> Begun | None:
    """The erasure of a person that has begun and is not done; null: there is none.

    Raises:
        SettingsError: an erasure has begun under another key, and may be theirs.
    """
    for info in sorted(storage.list_files(f"{root}/{ERASING}"), key=lambda info: info.path):
        name = info.path.removesuffix(".json")
        told = json.loads(storage.read_bytes(f"{root}/{ERASING}/{info.path}"))
        if told["key_id"] != keys_of(key).key_id:
            raise SettingsError(
                f"The erasure {name} has begun under the key {told['key_id']}, and is not done",
                remedy="Finish it under that key, before the key is changed.",
            )
        if hashed(key, "erasing", asked) in told["asked_by"]:
            return _opened(key, name, told)
    return None


def done(root: str, begun: Begun) -> None:
    """Forget an erasure that is done."""
    storage.delete_file(_file(root, begun.id))


def _opened(key: KeyRef, name: str, told: dict[str, str]) -> Begun:
    parts = (base64.b64decode(told[part]) for part in ("person_key", "sealed"))
    said = json.loads(open_sealed(key, Sealed(name, "record", told["key_id"], *parts)))
    who = Subject(tuple(said["who"]["persons"]), frozenset(said["who"]["identifiers"]))
    at = datetime.fromisoformat(said["at"])
    return Begun(said["id"], at, who, tuple(said["contacts"]), tuple(said["shred"]))


def _file(root: str, name: str) -> str:
    return f"{root}/{ERASING}/{name}.json"


def _is_card(node: str) -> bool:
    return node.startswith("loyalty_card:")
