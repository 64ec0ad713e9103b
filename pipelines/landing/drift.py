"""New fields: what a sender has begun to write, and no contract names.

They land like everything else and stand in bronze, so nothing is lost; no table reads them. They are looked for
while bronze is written, without a pass of their own, in the first records of each file: a sender's release
changes every record that it writes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F

from pipelines.landing.contract import PRIVATE, UNREAD, Field, Source
from pipelines.landing.formats.private import VENDOR

LOOKED_AT = 100
"""So many records of each file are looked at."""

_SEALED = "sealed_record"  # what framing leaves of a record that it could not read but had to seal


@dataclass(frozen=True)
class Drift:
    """Fields of one source that no contract names.

    Args:
        source: Its name.
        fields: Their names, sorted; a field of a list's objects as `list.field`.
        records: How many of the records that were looked at bring one of them.
    """

    source: str
    fields: tuple[str, ...]
    records: int

    def __str__(self) -> str:
        return (
            f"new fields from {self.source}: {', '.join(self.fields)} (in {self.records:,} of the first "
            f"{LOOKED_AT} records of each file); kept in bronze, read by no table"
        )


def watched_for_drift(records: DataFrame, source: Source) -> tuple[DataFrame, Callable[[], Drift | None]]:
    """The same records, and what to ask once they have been written: null when every field is known.

    Args:
        records: Rows in the shape of bronze.
        source: Whose fields are known.
    """
    text = F.when(F.col("position") <= LOOKED_AT, F.col("payload").cast("string"))
    seen = Observation()
    strange = F.filter(
        F.concat(*(F.coalesce(names, F.array()) for names in _strange(text, source.fields))),
        lambda name: name != "",
    )
    watched = records.withColumn("_strange", F.array_join(strange, "\n")).observe(
        seen,
        F.collect_set(F.when(F.col("_strange") != "", F.col("_strange"))).alias("fields"),
        F.count_if(F.col("_strange") != "").alias("records"),
    )

    def drift() -> Drift | None:
        found = seen.get
        names = {name for several in found["fields"] for name in several.split("\n")}
        return Drift(source.name, tuple(sorted(names)), found["records"]) if names else None

    return watched, drift


def _strange(text: Column, fields: tuple[Field, ...]) -> list[Column]:
    """Names that are not known: of the record, then of the first object of each list."""
    known = [*(field.name for field in fields), VENDOR, PRIVATE, UNREAD, _SEALED]
    lists = [field for field in fields if field.many]
    return [
        F.array_except(F.json_object_keys(text), F.array(*map(F.lit, known))),
        *(_in_list(F.get_json_object(text, f"$.{field.name}[0]"), field) for field in lists),
    ]


def _in_list(item: Column, field: Field) -> Column:
    strange = F.array_except(F.json_object_keys(item), F.array(*(F.lit(inner.name) for inner in field.many)))
    return F.transform(strange, lambda name: F.concat(F.lit(f"{field.name}."), name))
