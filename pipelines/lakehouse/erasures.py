"""Who was erased, as keyed hashes alone: so that a file of before the erasure, dropped again, does not bring them back.

The hashes are made under a key of their own, which is sealed in the vault like a contact: it outlives a change of the
vault's key, and without that key nobody can try out whom they stand for.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from pyspark.sql import functions as F

from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.mark import Mark
from pipelines.lakehouse.table import Append, Col, Table
from pipelines.lakehouse.types import STRING, TIMESTAMP
from pipelines.lakehouse.vault import Sealed, open_sealed, sealed_as
from pipelines.lakehouse.vault_key import KeyRef

ERASURES = Table(
    name="vault.erasures",
    doc="One row per identifier of a person who was erased: what tells it again, and nothing that leads back to it. "
    "None, before anybody was.",
    key=("identifier_hash",),
    columns=(
        Col(
            "identifier_hash",
            STRING,
            "32 hex digits of the HMAC-SHA256 of `type:value`, contacts in clear, under a key that is sealed in "
            "`vault.tokens` as `suppression`",
            nullable=False,
        ),
        Col("erased_at", TIMESTAMP, "When (UTC); what happens later is a new acquaintance's", nullable=False),
    ),
    write=Append(),
)
PEPPER = "suppression"
"""The token of the hashes' key in `vault.tokens`."""

ERASING = "vault/_erasing"
"""Where an erasure that has begun is written down, sealed, below the lake's root."""


@dataclass(frozen=True)
class Suppression:
    """Who was erased, and how to tell them. Safe to show in a plan: the hashes' key is in it sealed alone.

    Args:
        key: The vault's key.
        pepper: The hashes' key, sealed.
        known: By hash, when it was last erased, in microseconds since 1970 (UTC).
    """

    key: KeyRef
    pepper: Sealed
    known: Mapping[str, int]

    def hash_of(self, identifier: str) -> str:
        """The hash of an identifier, written `type:value`."""
        secret = bytes.fromhex(_opened(self.key, self.pepper))
        return hmac.digest(secret, identifier.encode("utf-8", "surrogateescape"), "sha256").hex()[:32]

    def since(self, identifiers: Iterable[str], then: int) -> bool:
        """Whether one of these, which are the same thing, was erased after an instant."""
        return any(self.known.get(self.hash_of(each), then) > then for each in identifiers)


@lru_cache(maxsize=4)
def _opened(key: KeyRef, pepper: Sealed) -> str:
    return open_sealed(key, pepper)


def suppression(lake: Lake, tokens: Table, key: KeyRef) -> Suppression | None:
    """Who was erased in a lake; null: nobody ever was.

    Args:
        lake: Whose.
        tokens: `vault.tokens`.
        key: The vault's key.
    """
    if lake.head(tokens) is None:
        return None
    found = lake.read(tokens).where(F.col("token") == PEPPER).collect()  # one row
    if not found:
        return None
    newest = lake.read(ERASURES).groupBy("identifier_hash").agg(F.max("erased_at").alias("erased_at"))
    micros = newest.select("identifier_hash", F.unix_micros("erased_at"))
    known: dict[str, int] = dict(micros.collect())  # bounded by erased persons
    return Suppression(key, _sealed(found[0].asDict()), known)


def begun(lake: Lake, tokens: Table, key: KeyRef, mark: Mark) -> Suppression:
    """The same, with a key for hashes made where there is none yet."""
    standing = suppression(lake, tokens, key)
    if standing is not None:
        return standing
    pepper = sealed_as(key, PEPPER, secrets.token_hex(32).encode())
    row = lake.spark.createDataFrame([vars(pepper)], tokens.schema)
    parent, head = lake.ensure(tokens), lake.head(tokens)
    batch = head.mark.batch if head and head.mark else 0
    marked = mark.model_copy(update={"contract": tokens.fingerprint, "batch": batch})
    lake.commit(tokens, row.select(*tokens.names), marked, parent=parent)
    return Suppression(key, pepper, {})


def note(lake: Lake, told: Suppression, identifiers: Collection[str], at: datetime, mark: Mark) -> None:
    """Append the identifiers of an erasure; those that are noted for that instant stay as they are."""
    then = int(at.timestamp() * 1_000_000)
    hashes = (told.hash_of(each) for each in sorted(identifiers))
    rows = [(each, at) for each in dict.fromkeys(hashes) if told.known.get(each) != then]
    if rows:
        parent = lake.ensure(ERASURES)
        frame = lake.spark.createDataFrame(rows, "identifier_hash string, erased_at timestamp")
        lake.commit(
            ERASURES, frame, mark.model_copy(update={"contract": ERASURES.fingerprint}), parent=parent
        )


def _sealed(row: Mapping[str, object]) -> Sealed:
    """A row of the vault that can be looked up by: bytes, where the engine gave a bytearray."""
    return Sealed(**{name: bytes(v) if isinstance(v, bytearray) else v for name, v in row.items()})  # type: ignore[arg-type]
