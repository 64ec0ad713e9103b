"""Where a person stands in the lake: the rows of each table that are theirs, found by the contract's columns alone.

A row is theirs by a person's id, by an identifier's column or by a pair of type and value; a record of bronze by the
identifiers that it carries; a refused record by its place in bronze.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable

from pipelines.lakehouse import log
from pipelines.lakehouse.lake import path_of
from pipelines.lakehouse.table import Table
from pipelines.landing.personal import KINDS, identifiers
from pipelines.subject.who import Subject

Rows = list[dict[str, Any]]
Place = tuple[str, int]
"""A record: landing file and position."""

_PERSONS = ("person_id", "from_person", "to_person", "buyer")
_PAIRS = ("anchor", "visitor", "identifier", "left", "right")
_BATCH_ROWS = 65_536


def condition(table: Table) -> str | None:
    """A predicate that is true for the rows of the person with `$persons` and `$nodes`; null: no column leads to one.

    >>> from pipelines.gold import consents
    >>> condition(consents.TABLE)
    'list_contains($persons, person_id)'
    """
    names = table.names
    found = [f"list_contains($persons, {name})" for name in _PERSONS if name in names]
    found += [f"list_contains($nodes, '{kind}:' || {name})" for name, kind in KINDS.items() if name in names]
    found += [
        f"list_contains($nodes, {end}_type || ':' || {end}_value)"
        for end in _PAIRS
        if f"{end}_value" in names
    ]
    return " OR ".join(found) or None


def rows(root: str, table: Table, who: Subject) -> Rows:
    """The person's rows of a table of silver or gold; none where the table is not there or leads to nobody."""
    said, dataset = condition(table), _dataset(root, table)
    if said is None or dataset is None:
        return []
    values = {"persons": list(who.persons), "nodes": sorted(who.identifiers)}
    used = {name: value for name, value in values.items() if f"${name}" in said}
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("held", dataset)
        answer = connection.sql(f"SELECT * FROM held WHERE {said} ORDER BY ALL", params=used)
        found: Rows = answer.to_arrow_table().to_pylist()
        return found


def records(root: str, table: Table, hers: Collection[str]) -> Rows:
    """The records of a bronze table that carry one of these identifiers."""
    dataset = _dataset(root, table)
    return [] if dataset is None or not hers else list(_carrying(dataset, frozenset(hers)))


def refused(root: str, table: Table, places: Collection[Place]) -> Rows:
    """The rows of a quarantine that stand for one of these records."""
    dataset = _dataset(root, table)
    if dataset is None or not places:
        return []
    of_files = dataset.to_table(filter=ds.field("file").isin(sorted({file for file, _ in places})))
    return [row for row in of_files.to_pylist() if (row["file"], row["position"]) in places]


def _carrying(dataset: ds.Dataset, hers: frozenset[str]) -> Iterator[dict[str, Any]]:
    """Bytes are looked at first: few records hold any of the values, and only those are parsed."""
    values = sorted({re.escape(node.partition(":")[2]) for node in hers})
    for batch in dataset.to_batches(batch_size=_BATCH_ROWS):
        payloads = batch["payload"].cast(pa.large_binary())
        likely = pc.match_substring_regex(payloads, "|".join(values))
        for row in batch.filter(pc.fill_null(likely, False)).to_pylist():
            if identifiers(row["payload"]) & hers:
                yield row


def _dataset(root: str, table: Table) -> ds.Dataset | None:
    path = path_of(root, table)
    return None if log.head(path) is None else DeltaTable(path).to_pyarrow_dataset()
