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

from pipelines.gold import send_decisions
from pipelines.lakehouse import log
from pipelines.lakehouse.lake import any_of, path_of
from pipelines.lakehouse.store_sail import ansi
from pipelines.lakehouse.table import Table
from pipelines.landing.personal import KINDS, identifiers
from pipelines.silver import assignments, engagement
from pipelines.subject.who import Subject
from pipelines.support.reading import reading

Rows = list[dict[str, Any]]
Place = tuple[str, int]
"""A record: landing file and position."""

_PERSONS = ("person_id", "from_person", "to_person", "buyer")
PAIRS = ("anchor", "visitor", "identifier", "left", "right")
"""Columns `<name>_type` and `<name>_value` that name an identifier together."""
_MESSAGES = (
    (engagement.TABLE, "message_id"),
    (assignments.TABLE, "message_id"),
    (send_decisions.TABLE, "send_key"),
)
_BATCH_ROWS = 65_536


def condition(table: Table, who: Subject) -> str | None:
    """A predicate that is true for the rows of a person, as Spark reads it; null: no column of the table leads to one.

    >>> from pipelines.gold import consents
    >>> condition(consents.TABLE, Subject(("p1",), frozenset({"loyalty_card:4711"})))
    "person_id IN ('p1')"
    """
    names, values = table.names, who.by_type
    found = [any_of(name, who.persons) for name in _PERSONS if name in names]
    found += [any_of(name, values.get(kind, [])) for name, kind in KINDS.items() if name in names]
    for end in PAIRS:
        if f"{end}_value" in names:
            found += [f"({end}_type = '{k}' AND {any_of(f'{end}_value', v)})" for k, v in values.items()]
    return " OR ".join(found) or None


def with_messages(root: str, who: Subject) -> Subject:
    """The same person, with the messages that were written to them: some records tell by a message alone of whom."""
    found = set()
    with reading(root) as lake:
        for table, name in _MESSAGES:
            said = ansi(condition(table, who) or "false")
            asked = f"SELECT DISTINCT {name} AS id FROM {table.name} WHERE {name} IS NOT NULL AND ({said})"
            found |= {f"message:{row['id']}" for row in lake.rows(asked)}
    return Subject(who.persons, who.identifiers | found)


def rows(root: str, table: Table, who: Subject) -> Rows:
    """The person's rows of a table of silver or gold; none where the table is not there or leads to nobody."""
    said, found = condition(table, who), dataset(root, table)
    if said is None or found is None:
        return []
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("held", found)
        answer = connection.sql(f"SELECT * FROM held WHERE {ansi(said)} ORDER BY ALL")
        theirs: Rows = answer.to_arrow_table().to_pylist()
        return theirs


def records(root: str, table: Table, hers: Collection[str]) -> Rows:
    """The records of a bronze table that carry one of these identifiers."""
    found = dataset(root, table)
    return [] if found is None or not hers else list(_carrying(found, frozenset(hers)))


def refused(root: str, table: Table, places: Collection[Place]) -> Rows:
    """The rows of a quarantine that stand for one of these records."""
    found = dataset(root, table)
    if found is None or not places:
        return []
    of_files = found.to_table(filter=ds.field("file").isin(sorted({file for file, _ in places})))
    return [row for row in of_files.to_pylist() if (row["file"], row["position"]) in places]


def _carrying(records: ds.Dataset, hers: frozenset[str]) -> Iterator[dict[str, Any]]:
    """Bytes are looked at first: few records hold any of the values, and only those are parsed."""
    values = sorted({re.escape(node.partition(":")[2]) for node in hers})
    for batch in records.to_batches(batch_size=_BATCH_ROWS):
        payloads = batch["payload"].cast(pa.large_binary())
        likely = pc.match_substring_regex(payloads, "|".join(values))
        for row in batch.filter(pc.fill_null(likely, False)).to_pylist():
            if identifiers(row["payload"]) & hers:
                yield row


def dataset(root: str, table: Table) -> ds.Dataset | None:
    """A table as Arrow reads it; null where it is not there."""
    path = path_of(root, table)
    return None if log.head(path) is None else DeltaTable(path).to_pyarrow_dataset()
