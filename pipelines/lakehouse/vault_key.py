"""The vault's key: a file of mode 600, or on a cluster a variable; where it is, how it is made, and how it is changed.

The key itself never travels: a plan holds a `KeyRef`, which is a path. Each process reads the file once; on a
cluster, the variable `TILLPOST_VAULT_KEY`, set by the platform's secret store, holds the file's text instead.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
import stat
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from pipelines.errors import SettingsError, SystemFault

VARIABLE = "TILLPOST_VAULT_KEY"
KEY_BYTES = 32


@dataclass(frozen=True)
class KeyRef:
    """Where a process finds the key. Safe to print, to pickle and to show in a plan.

    Args:
        path: The key file; not read where `TILLPOST_VAULT_KEY` is set,
        or_variable: unless this says so: it is a key to change to.
    """

    path: str
    or_variable: bool = True


@dataclass(frozen=True)
class Keys:
    """What a key file holds; the secret parts are never shown."""

    key_id: str
    generated: bool
    hash_key: bytes = field(repr=False)
    wrapping_key: bytes = field(repr=False)


def ensure_key(path: str, *, allow_generated: bool) -> KeyRef:
    """The key to work with; it is made, with mode 600, where there is none and that is allowed.

    Raises:
        SettingsError: no key and none may be made; a generated key where one must be brought; not a key file.
        SystemFault: the file is open to others, or cannot be read or written.
    """
    ref = KeyRef(str(Path(path).absolute()))
    if VARIABLE not in os.environ and not Path(ref.path).exists():
        if not allow_generated:
            raise SettingsError(
                f"There is no vault key: {VARIABLE} is not set, and {ref.path} does not exist",
                remedy=_BRING_ONE,
            )
        generate(Path(ref.path))
    if keys_of(ref).generated and not allow_generated:
        raise SettingsError("The vault's key was generated; here one must be brought", remedy=_BRING_ONE)
    return ref


def keys_of(ref: KeyRef) -> Keys:
    """The key; each process reads the file once.

    Raises:
        SettingsError: not a key file.
        SystemFault: the file is open to others, or cannot be read.
    """
    brought = os.environ.get(VARIABLE) if ref.or_variable else None
    return _parsed(brought, VARIABLE) if brought is not None else _read(ref.path)


@lru_cache(maxsize=4)
def _read(path: str) -> Keys:
    try:
        with open(path, encoding="utf-8") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise SystemFault(
                    f"The key file {path} is open to others (mode {mode:03o})", remedy=f"chmod 600 {path}"
                )
            return _parsed(file.read(), path)
    except (OSError, UnicodeDecodeError) as error:
        raise SystemFault(
            f"The key file {path} cannot be read: {error}",
            remedy="Bring the file, readable by this user alone.",
        ) from error


@lru_cache(maxsize=4)
def _parsed(text: str, place: str) -> Keys:
    try:
        found = json.loads(text)
        keys = Keys(
            key_id=str(found["key_id"]),
            generated=bool(found["generated"]),
            hash_key=base64.b64decode(found["hash_key"], validate=True),
            wrapping_key=base64.b64decode(found["wrapping_key"], validate=True),
        )
    except (ValueError, KeyError, TypeError, binascii.Error):
        keys = None
    if keys is None or not len(keys.hash_key) == len(keys.wrapping_key) == KEY_BYTES:
        raise SettingsError(f"{place} does not hold a vault key", remedy=_BRING_ONE)
    return keys


def in_variable() -> bool:
    """Whether the variable holds the key, and not a file."""
    return VARIABLE in os.environ


def swap(new: Path, standing: Path) -> None:
    """Let a new key file take the place of the standing one, whose key is gone for good with that."""
    os.replace(new, standing)
    _read.cache_clear()


def generate(path: Path) -> None:
    """Make a key file whole: whoever finds the name finds every byte, and of two makers one wins."""
    note = {
        "key_id": secrets.token_hex(4),
        "hash_key": base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode(),
        "wrapping_key": base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode(),
        "generated": True,
    }
    write_key(path, json.dumps(note, indent=1))


def write_key(path: Path, text: str) -> None:
    """Write a key file of mode 600 whole; one that stands there stays.

    Raises:
        SystemFault: it cannot be written.
    """
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(aside, path)
        except FileExistsError:
            pass
        finally:
            aside.unlink()
    except OSError as error:
        raise SystemFault(
            f"The key file {path} cannot be made: {error}",
            remedy="Set vault.key_file to a place that can be written.",
        ) from error


_BRING_ONE = (
    'Bring a file of mode 600 holding {"key_id": "<a name>", "hash_key": "<base64 of 32 random bytes>", '
    '"wrapping_key": "<the same, others>", "generated": false}; `openssl rand -base64 32` makes such bytes.'
)
