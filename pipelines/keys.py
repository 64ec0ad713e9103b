"""Change the vault's key: every contact is sealed anew, and nothing else in the lake moves.

Tokens stay, so persons, their ids and every fact stand; what ingest meets again finds its token by the digest under the
new key (`vault.digests`). Afterwards the old key opens nothing, and can try out nothing, in what stands now.

A call that was killed is called again: it takes the new key that lies beside the old one and goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipelines import context, decisions
from pipelines.errors import SettingsError
from pipelines.ingest import TOKENS
from pipelines.lakehouse import storage
from pipelines.lakehouse.digests import DIGESTS
from pipelines.lakehouse.erasures import ERASING
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.lease import lease
from pipelines.lakehouse.mark import Mark
from pipelines.lakehouse.table import Table
from pipelines.lakehouse.vault import Sealed, resealed
from pipelines.lakehouse.vault_key import (
    KeyRef,
    Keys,
    ensure_key,
    generate,
    in_variable,
    keys_of,
    swap,
    write_key,
)
from pipelines.settings import Settings

_STAGES = ("ingest", "publish")
_BOTH = f"{', '.join(f'{c.name} {c.type.simpleString()}' for c in TOKENS.columns)}, digest string"


@dataclass(frozen=True)
class Rotated:
    """What a change of key came to.

    Args:
        key_id: The new key's.
        contacts: How many were sealed anew.
        bring: Where the key is a variable's: the file whose text the variable must hold from now on; else null.
    """

    key_id: str
    contacts: int
    bring: str | None


def rotate(spark: SparkSession, settings: Settings, brought: Path | None) -> Rotated:
    """Seal every contact under another key, and let it take the place of the standing one.

    Args:
        spark: A session.
        settings: Where the lake and the key are.
        brought: The new key's file, of mode 600; null: one is made.

    Raises:
        SettingsError: a key must be brought and none is, it is the standing one, or it is no key file; or an erasure
            has begun and is not done.
        LeaseHeld: contacts are being sealed or opened.
        SystemFault: a file cannot be read or written, or there is no lake.
    """
    vault = settings.vault
    old = ensure_key(vault.key_file, allow_generated=vault.allow_generated_key)
    unfinished = [
        file.path.removesuffix(".json") for file in storage.list_files(f"{settings.lake.root}/{ERASING}")
    ]
    if unfinished:
        raise SettingsError(
            f"The erasure {unfinished[0]} has begun under the standing key, and is not done",
            remedy="Run that `tillpost erase` again first.",
        )
    new, aside = _new_key(old, brought, may_be_made=vault.allow_generated_key)
    lake = Lake(spark, settings.lake.root)
    run = context.at_close(spark, settings, decisions.newest(lake), lambda _: None).run
    mark, key_id = run.mark("ingest"), keys_of(new).key_id
    with ExitStack() as held:
        for stage in _STAGES:
            held.enter_context(lease(lake.root, stage, run.run_id))
        done = _sealed_anew(lake, old, new, mark)
        if aside is not None:
            swap(aside, Path(old.path))
    return Rotated(key_id, done, None if aside else new.path)


def _new_key(old: KeyRef, brought: Path | None, *, may_be_made: bool) -> tuple[KeyRef, Path | None]:
    """The key to change to, and the file that is to take the standing one's place; null: a variable holds that."""
    if in_variable():
        if brought is None:
            raise SettingsError(
                "The vault's key is in a variable, which no command can change",
                remedy="Bring the new key with --to FILE, then let the variable hold that file's text.",
            )
        return _checked(old, KeyRef(str(brought.absolute()), or_variable=False), may_be_made), None
    aside = Path(f"{old.path}.next")
    if not aside.exists():
        if brought is not None:
            _checked(old, KeyRef(str(brought.absolute()), or_variable=False), may_be_made)
            write_key(aside, brought.read_text(encoding="utf-8"))
        elif may_be_made:
            generate(aside)
        else:
            raise SettingsError(
                "No key may be generated here, and none was brought",
                remedy="Bring one with --to FILE, of mode 600; `vault.allow_generated_key` says so.",
            )
    return _checked(old, KeyRef(str(aside), or_variable=False), may_be_made), aside


def _checked(old: KeyRef, new: KeyRef, may_be_made: bool) -> KeyRef:
    standing, other = keys_of(old), keys_of(new)
    if standing.key_id == other.key_id or standing.hash_key == other.hash_key:
        raise SettingsError(
            f"The new key is the standing one, {standing.key_id}", remedy="Bring another one."
        )
    if other.generated and not may_be_made:
        raise SettingsError(
            "The new key was generated; here one must be brought", remedy="Bring another one."
        )
    return new


def _sealed_anew(lake: Lake, old: KeyRef, new: KeyRef, mark: Mark) -> int:
    """The vault under the new key; until the key is swapped, digests under both are known."""
    lake.ensure(TOKENS)
    sealed = lake.read(TOKENS).mapInArrow(partial(_each, old, new), _BOTH)
    key: Keys = keys_of(new)
    with lake.store.held(sealed) as rows:
        digests = rows.select("digest", "token", F.lit(key.key_id).alias("key_id"))
        others = lake.read(DIGESTS).where(F.col("key_id") == keys_of(old).key_id)
        _write(lake, DIGESTS, digests.unionByName(others), mark)
        _write(lake, TOKENS, rows.select(*TOKENS.names), mark)
        return rows.count()


def _write(lake: Lake, table: Table, rows: DataFrame, mark: Mark) -> None:
    parent = lake.ensure(table)
    standing = lake.head(table)
    batch = standing.mark.batch if standing and standing.mark else 0
    marked = mark.model_copy(update={"contract": table.fingerprint, "batch": batch})
    lake.commit(table, rows.select(*table.names), marked, parent=parent, replace="true")


def _each(old: KeyRef, new: KeyRef, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        rows = []
        for row in batch.to_pylist():
            digest, sealed = resealed(old, new, Sealed(**row))
            rows.append({**vars(sealed), "digest": digest})
        yield pa.RecordBatch.from_pylist(rows, schema=batch.schema.append(pa.field("digest", pa.string())))
