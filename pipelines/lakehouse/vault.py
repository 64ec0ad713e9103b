"""The room of personal data: one key, the tokens that stand for contacts, and the contacts, sealed.

- A **token** is `<kind>:` and the hex HMAC-SHA256 of `<kind>:<value>` under the hash key: the same contact
  gives the same token for ever, and nobody without the key can try out addresses.
- A **sealed** value is AES-256-GCM under a random data key, made anew for each record that had contacts; the
  data key is wrapped, by AES-256-GCM again, under the wrapping key. Whoever destroys a `person_key` destroys
  what it sealed. A ciphertext begins with the 12 bytes of its nonce; a value is bound to its token.

The key itself never travels: a plan holds a `KeyRef`, which is a path. Each process reads the file once; on a
cluster, the variable `TILLPOST_VAULT_KEY`, set by the platform's secret store, holds the file's text instead.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import os
import secrets
import stat
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pyspark.sql import Row

from pipelines.errors import DataError, SettingsError, SystemFault

Kind = Literal["email", "phone", "record"]
VARIABLE = "TILLPOST_VAULT_KEY"

_KEY_BYTES, _NONCE_BYTES = 32, 12


@dataclass(frozen=True)
class KeyRef:
    """Where a process finds the key. Safe to print, to pickle and to show in a plan.

    Args:
        path: The key file; not read where `TILLPOST_VAULT_KEY` is set.
    """

    path: str


@dataclass(frozen=True)
class Sealed:
    """One contact as `vault.tokens` keeps it.

    Args:
        token: What stands in its place everywhere else.
        kind: `email`, `phone`, or `record`: a whole record that was not JSON and so may hold either.
        key_id: The key file it was sealed with.
        person_key: The data key, wrapped.
        sealed: The value under that data key.
    """

    token: str
    kind: Kind
    key_id: str
    person_key: bytes
    sealed: bytes


@dataclass(frozen=True)
class _Keys:
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
        _generate(Path(ref.path))
    if _keys(ref).generated and not allow_generated:
        raise SettingsError("The vault's key was generated; here one must be brought", remedy=_BRING_ONE)
    return ref


class Envelope:
    """The contacts of one record, each sealed under the one new data key that they share.

    Tokens are the same on every run; the other bytes are new each time, and each row opens by itself.
    """

    def __init__(self, key: KeyRef) -> None:
        self._keys = _keys(key)
        self._person_key = secrets.token_bytes(_KEY_BYTES)
        self._wrapped = _encrypt(self._keys.wrapping_key, self._person_key, about=self._keys.key_id)
        self.rows: list[Sealed] = []

    def seal(self, kind: Kind, value: bytes) -> str:
        """Add a contact, in its normal form where it has one, else as received; gives its token."""
        digest = hmac.digest(self._keys.hash_key, f"{kind}:".encode() + value, "sha256")
        token = f"{kind}:{digest.hex()}"
        sealed = _encrypt(self._person_key, value, about=token)
        self.rows.append(Sealed(token, kind, self._keys.key_id, self._wrapped, sealed))
        return token


def open_sealed(key: KeyRef, row: Sealed | Row) -> str:
    """The contact that was sealed; bytes that were not UTF-8 come as surrogate escapes.

    Args:
        key: The vault's key.
        row: A row of `vault.tokens`.

    Raises:
        SettingsError: it was sealed with another key.
        DataError: the row was altered, or its parts belong to different rows.
    """
    keys = _keys(key)
    if row.key_id != keys.key_id:
        raise SettingsError(
            f"{row.token} was sealed with key {row.key_id}; the vault's key is {keys.key_id}",
            remedy=f"Set vault.key_file (or {VARIABLE}) to the key {row.key_id}.",
        )
    try:
        person_key = _decrypt(keys.wrapping_key, row.person_key, about=keys.key_id)
        return _decrypt(person_key, row.sealed, about=row.token).decode("utf-8", "surrogateescape")
    except (InvalidTag, ValueError) as error:
        raise DataError(
            f"{row.token} does not open: its row of vault.tokens was altered",
            remedy="Restore vault.tokens to a version before the change.",
        ) from error


def _encrypt(key: bytes, value: bytes, *, about: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, value, about.encode())


def _decrypt(key: bytes, sealed: bytes, *, about: str) -> bytes:
    sealed = bytes(sealed)
    return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about.encode())


def _keys(ref: KeyRef) -> _Keys:
    brought = os.environ.get(VARIABLE)
    return _parsed(brought, VARIABLE) if brought is not None else _read(ref.path)


@lru_cache(maxsize=4)
def _read(path: str) -> _Keys:
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
def _parsed(text: str, place: str) -> _Keys:
    try:
        found = json.loads(text)
        keys = _Keys(
            key_id=str(found["key_id"]),
            generated=bool(found["generated"]),
            hash_key=base64.b64decode(found["hash_key"], validate=True),
            wrapping_key=base64.b64decode(found["wrapping_key"], validate=True),
        )
    except (ValueError, KeyError, TypeError, binascii.Error):
        keys = None
    if keys is None or not len(keys.hash_key) == len(keys.wrapping_key) == _KEY_BYTES:
        raise SettingsError(f"{place} does not hold a vault key", remedy=_BRING_ONE)
    return keys


def _generate(path: Path) -> None:
    """Make a key file whole: whoever finds the name finds every byte, and of two makers one wins."""
    note = {
        "key_id": secrets.token_hex(4),
        "hash_key": base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode(),
        "wrapping_key": base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode(),
        "generated": True,
    }
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(note, file, indent=1)
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
