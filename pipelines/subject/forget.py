"""A person's rows out of every table that no rebuild makes: records, what runs saw and decided, and the vault.

What is made of records alone (silver, quarantine) is rebuilt from what is left of them; so its account, received =
accepted + refused + duplicates, is of the records that there are. Each commit keeps the watermark that stood.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from pipelines.bronze import records as bronze
from pipelines.flow import FLOW
from pipelines.ingest import TOKENS
from pipelines.lakehouse.digests import DIGESTS
from pipelines.lakehouse.lake import Lake, any_of
from pipelines.lakehouse.mark import Mark
from pipelines.lakehouse.table import Table
from pipelines.landing.personal import without
from pipelines.subject.begun import Begun
from pipelines.subject.held import condition, records, rows
from pipelines.subject.who import Subject

Forgotten = tuple[str, int, int]
"""A table, its rows that were deleted, and those of others that lost what leads to the person."""


def forget(lake: Lake, begun: Begun, mark: Mark) -> Iterator[Forgotten]:
    """Delete a person's rows, table by table; what is gone already is left alone.

    Args:
        lake: Whose tables; the caller holds every lease.
        begun: Whom.
        mark: For a table whose own watermark is not known.
    """
    for table in bronze.TABLES.values():
        if found := records(lake.root, table, begun.who.identifiers):
            yield table.name, *_records(lake, table, found, begun.who, mark)
    for step in FLOW:
        if step.table.layer == "gold" and (gone := _rows(lake, step.table, begun.who, mark)):
            yield step.table.name, gone, 0
    for table in (DIGESTS, TOKENS):
        if gone := _shredded(lake, table, begun.shred, mark):
            yield table.name, gone, 0


def _records(
    lake: Lake, table: Table, found: list[dict[str, Any]], who: Subject, mark: Mark
) -> tuple[int, int]:
    """Write records anew without the person; those of whom nothing is left go."""
    kept = []
    for row in found:
        payload = without(row["payload"], who.identifiers)
        if payload is not None:
            kept.append({**row, "payload": payload})
    places = sorted((row["batch"], row["file"], row["position"]) for row in found)
    named = [f"{batch}/{position}/{file}" for batch, file, position in places]
    place = "concat(cast(batch AS string), '/', cast(position AS string), '/', file)"
    frame = lake.spark.createDataFrame(
        [tuple(row[name] for name in table.names) for row in kept], table.schema
    )
    _commit(lake, table, frame, any_of(place, named), mark, rebuilt=True)
    return len(found) - len(kept), len(kept)


def _rows(lake: Lake, table: Table, who: Subject, mark: Mark) -> int:
    found = len(rows(lake.root, table, who))
    if found:
        nothing = lake.spark.createDataFrame([], table.schema)
        _commit(lake, table, nothing, f"coalesce({condition(table, who)}, false)", mark)
    return found


def _shredded(lake: Lake, table: Table, shred: Sequence[str], mark: Mark) -> int:
    """Delete contacts of the vault with the keys that they are sealed under."""
    if lake.head(table) is None or not shred:
        return 0
    which = any_of("token", shred)
    found = lake.read(table).where(which).count()
    if found:
        _commit(lake, table, lake.spark.createDataFrame([], table.schema), which, mark)
    return int(found)


def _commit(lake: Lake, table: Table, frame: Any, replace: str, mark: Mark, *, rebuilt: bool = False) -> None:
    parent = lake.ensure(table)
    head = lake.head(table)
    standing = head.mark if head and head.mark else mark
    marked = standing.deleted(datetime.now(UTC), rebuilt=rebuilt, by=mark.run)
    lake.commit(table, frame, marked, parent=parent, replace=replace)
