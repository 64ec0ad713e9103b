"""The room of personal data: one key, the tokens that stand for contacts, and the contacts, sealed.

- A **token** is `<kind>:` and the hex HMAC-SHA256 of `<kind>:<value>` under the hash key: the same contact
  gives the same token for ever, and nobody without the key can try out addresses.
- A **sealed** value is AES-256-GCM under a random data key, made anew for each record that had contacts; the
  data key is wrapped, by AES-256-GCM again, under the wrapping key. Whoever destroys a `person_key` destroys
  what it sealed. A ciphertext begins with the 12 bytes of its nonce; a value is bound to its token.

When the key is changed, tokens stay: each row is sealed under the new key (`resealed`), and its **digest**, the HMAC of
the contact under the new key, leads to the token that the lake has held all along. The old key can then be destroyed.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pipelines.errors import DataError, SettingsError
from pipelines.lakehouse.vault_key import KEY_BYTES, VARIABLE, KeyRef, Keys, keys_of

if TYPE_CHECKING:
    from pyspark.sql import Row

Kind = Literal["email", "phone", "record"]
_NONCE_BYTES = 12


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


class Envelope:
    """The contacts of one record, each sealed under the one new data key that they share.

    Tokens are the same on every run; the other bytes are new each time, and each row opens by itself.
    """

    def __init__(self, key: KeyRef) -> None:
        self._keys = keys_of(key)
        self._person_key = secrets.token_bytes(KEY_BYTES)
        self._wrapped = _encrypt(self._keys.wrapping_key, self._person_key, about=self._keys.key_id)
        self.rows: list[Sealed] = []

    def seal(self, kind: Kind, value: bytes) -> str:
        """Add a contact, in its normal form where it has one, else as received; gives its token."""
        token = _digest(self._keys, kind, value)
        sealed = _encrypt(self._person_key, value, about=token)
        self.rows.append(Sealed(token, kind, self._keys.key_id, self._wrapped, sealed))
        return token


def sealed_as(key: KeyRef, token: str, value: bytes) -> Sealed:
    """What is no contact, sealed like one under a data key of its own: found by a token that says nothing of it."""
    keys, person_key = keys_of(key), secrets.token_bytes(KEY_BYTES)
    wrapped = _encrypt(keys.wrapping_key, person_key, about=keys.key_id)
    return Sealed(token, "record", keys.key_id, wrapped, _encrypt(person_key, value, about=token))


def open_sealed(key: KeyRef, row: Sealed | Row) -> str:
    """The contact that was sealed; bytes that were not UTF-8 come as surrogate escapes.

    Args:
        key: The vault's key.
        row: A row of `vault.tokens`.

    Raises:
        SettingsError: it was sealed with another key.
        DataError: the row was altered, or its parts belong to different rows.
    """
    return _opened(keys_of(key), row).decode("utf-8", "surrogateescape")


def hashed(key: KeyRef, about: str, text: str) -> str:
    """A text's keyed hash for one purpose, 32 hex digits: the same under the same key, and nobody else can make it.

    Args:
        key: The vault's key.
        about: The purpose, such as `link`; hashes of two purposes never meet, nor do they meet a token.
        text: What is hashed.
    """
    return hmac.digest(keys_of(key).hash_key, f"{about}\n{text}".encode(), "sha256").hex()[:32]


def store_key(key: KeyRef, store: str) -> bytes:
    """The key of one shop's tills, 32 bytes; it tells nothing of the vault's key or of other shops'."""
    return hmac.digest(keys_of(key).hash_key, f"till\n{store}".encode(), "sha256")


def digest_of(key: KeyRef, kind: Kind, value: str) -> str:
    """The digest of a contact in its normal form: its token, unless the key was changed since it was first met."""
    return _digest(keys_of(key), kind, value.encode())


def resealed(old: KeyRef, new: KeyRef, row: Sealed) -> tuple[str, Sealed]:
    """A row of `vault.tokens` under another key, and the contact's digest under that key; the token stays.

    Rows that shared a data key share it still. A row that is under the new key already is given as it is.

    Raises:
        SettingsError: it was sealed with neither key.
        DataError: the row was altered.
    """
    before, after = keys_of(old), keys_of(new)
    standing = after if row.key_id == after.key_id else before
    digest = _digest(after, row.kind, _opened(standing, row))
    if standing is after:
        return digest, row
    person_key = _decrypt(before.wrapping_key, row.person_key, about=before.key_id)
    nonce = hmac.digest(after.wrapping_key, person_key, "sha256")[:_NONCE_BYTES]
    wrapped = nonce + AESGCM(after.wrapping_key).encrypt(nonce, person_key, after.key_id.encode())
    return digest, replace(row, key_id=after.key_id, person_key=wrapped)


def _opened(keys: Keys, row: Sealed | Row) -> bytes:
    if row.key_id != keys.key_id:
        raise SettingsError(
            f"{row.token} was sealed with key {row.key_id}; the vault's key is {keys.key_id}",
            remedy=f"Set vault.key_file (or {VARIABLE}) to the key {row.key_id}.",
        )
    try:
        person_key = _decrypt(keys.wrapping_key, row.person_key, about=keys.key_id)
        return _decrypt(person_key, row.sealed, about=row.token)
    except (InvalidTag, ValueError) as error:
        raise DataError(
            f"{row.token} does not open: its row of vault.tokens was altered",
            remedy="Restore vault.tokens to a version before the change.",
        ) from error


def _digest(keys: Keys, kind: Kind, value: bytes) -> str:
    return f"{kind}:{hmac.digest(keys.hash_key, f'{kind}:'.encode() + value, 'sha256').hex()}"


def _encrypt(key: bytes, value: bytes, *, about: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, value, about.encode())


def _decrypt(key: bytes, sealed: bytes, *, about: str) -> bytes:
    sealed = bytes(sealed)
    return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about.encode())
