"""The golden records of persons, and what changed in them, for CRM, tills and site. Same input, same bytes.

`customers.jsonl`: one person per line, by id; UTF-8, and a newline behind every line. `customers.csv`: the same for a
spreadsheet, lists joined by a space.

```json
{"schema": "customers/1", "as_of": "2017-12-31", "person": "p0a1...", "loyalty_cards": ["4711"], "logins": [],
 "email": "email:5f...", "phone": null, "joined_on": null, "age_band": "35-44", "former_ids": ["p77..."]}
```

`customer_changes.jsonl`: the records that differ from those of the last release of an earlier date, as
`{"schema": "customer_changes/1", "change": "added", "record": {...}}`. `change` is `added`, `changed` or `removed`; of
a removed one `record` has its `person` and `merged_into`, the person that it was found to be, or null. Who applies one
release's changes after the other has the newest `customers.jsonl`.

Ids and contacts are hashed; nobody without the vault's key can tell an address from its token. New keys may appear in a
schema; a key that goes or changes its meaning raises its number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.gold.golden_records import TABLE
from pipelines.publish.rows import as_csv, rows_of, write

JSON_LINES, CSV, CHANGES = "customers.jsonl", "customers.csv", "customer_changes.jsonl"
SCHEMA, CHANGES_SCHEMA = "customers/1", "customer_changes/1"
_TOLD = TABLE.names[2:]  # without the date and the person


def export(records: DataFrame, before: DataFrame, folder: Path) -> None:
    """Write the three files. Rows pass through the driver one partition at a time.

    Args:
        records: One date of `gold.golden_records`.
        before: The date of the last release before that; none where there was no release.
        folder: Where the files go; it exists.
    """
    ordered = records.select(*TABLE.names).orderBy("person_id")
    write((_line(_record(row.asDict(recursive=True))) for row in rows_of(ordered)), folder / JSON_LINES)
    flat = ordered.select(*(_flat(name) for name in TABLE.names))
    write(map(as_csv, rows_of(flat)), folder / CSV, header=",".join(TABLE.names))
    write(map(_line, _changes(records, before)), folder / CHANGES)


def changes(records: DataFrame, before: DataFrame) -> DataFrame:
    """One row per person whose record differs: `change`, `merged_into`, and the record's columns."""
    now, then = (
        frame.select("person_id", *_TOLD, F.xxhash64(*_TOLD).alias(told))
        for frame, told in ((records, "_now"), (before, "_then"))
    )
    heirs = records.select(
        F.explode("former_ids").alias("person_id"), F.col("person_id").alias("merged_into")
    )
    heir = heirs.groupBy("person_id").agg(F.min("merged_into").alias("merged_into"))
    change = (
        F.when(F.col("_then").isNull(), "added").when(F.col("_now").isNull(), "removed").otherwise("changed")
    )
    return (
        now.join(then.select("person_id", "_then"), on="person_id", how="full")
        .where(~F.col("_now").eqNullSafe(F.col("_then")))
        .join(heir, on="person_id", how="left")
        .select(change.alias("change"), "person_id", "merged_into", *_TOLD)
    )


def _changes(records: DataFrame, before: DataFrame) -> Iterator[dict[str, Any]]:
    for row in rows_of(changes(records, before).orderBy("person_id")):
        told = row.asDict(recursive=True)
        change, person, heir = (told.pop(name) for name in ("change", "person_id", "merged_into"))
        record = {"merged_into": heir} if change == "removed" else _plain(told)
        yield {"schema": CHANGES_SCHEMA, "change": change, "record": {"person": person, **record}}


def _record(row: dict[str, Any]) -> dict[str, Any]:
    as_of, person = row.pop("as_of"), row.pop("person_id")
    return {"schema": SCHEMA, "as_of": as_of.isoformat(), "person": person, **_plain(row)}


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    joined = row["joined_on"]
    return {**row, "joined_on": joined and joined.isoformat()}


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def _flat(name: str) -> Any:
    return (
        F.array_join(name, " ").alias(name)
        if name in ("loyalty_cards", "logins", "former_ids")
        else F.col(name)
    )
