"""New fields: what a sender has begun to write, and no contract names.

They land like everything else and stand in bronze, so nothing is lost; no table reads them. They are looked for
in the first records of each file that was appended: a sender's release changes every record that it writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.landing.contract import PRIVATE, UNREAD, Field, Source
from pipelines.landing.formats.private import VENDOR

LOOKED_AT = 100
"""So many records of each file are looked at."""

_SHAPES = 10_000  # combinations of fields that are looked at; no sender has a hundred
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


def drift_in(records: DataFrame, source: Source) -> Drift | None:
    """What the first records of each file bring that no contract names; null when every field is known.

    Args:
        records: Rows in the shape of bronze.
        source: Whose fields are known.
    """
    text = F.col("payload").try_cast("string")
    lists = [field for field in source.fields if field.many]
    keys = [F.json_object_keys(text)]
    keys += [F.json_object_keys(F.get_json_object(text, f"$.{field.name}[0]")) for field in lists]
    shapes = (
        records.where(F.col("position") <= LOOKED_AT)
        .groupBy(*(found.alias(f"keys_{place}") for place, found in enumerate(keys)))
        .agg(F.count(F.lit(1)).alias("records"))
        .limit(_SHAPES)
        .collect()  # bounded by _SHAPES
    )
    fields, count = set(), 0
    for *found, records_like_it in shapes:
        strange = set(found[0] or ()) - {*_names(source.fields), VENDOR, PRIVATE, UNREAD, _SEALED}
        for field, inner in zip(lists, found[1:], strict=True):
            strange |= {f"{field.name}.{name}" for name in set(inner or ()) - _names(field.many)}
        fields |= strange
        count += records_like_it if strange else 0
    return Drift(source.name, tuple(sorted(fields)), count) if fields else None


def _names(fields: Sequence[Field]) -> set[str]:
    return {field.name for field in fields}
