"""Touches and persons written by hand, in the shape of gold and silver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from pipelines.gold import touchpoints
from pipelines.lakehouse.table import Table
from pipelines.silver import person_identifiers
from tests.frames import as_read

KNOWN = datetime(2024, 1, 1, tzinfo=UTC)


def touch(at: str, who: str, kind: str, net: str | None = None, **more: Any) -> dict[str, Any]:
    """A touch at an instant (UTC), such as `2024-03-01 10:00`, of a card or `type:value`."""
    instant = datetime.fromisoformat(f"{at}+00:00")
    type_, _, value = who.rpartition(":")
    sides = {"session": "online", "order": "online", "opened": "online", "clicked": "online"}
    sides |= {"sale": "offline", "return": "offline", "near_store": "offline"}
    return {
        "touched_on": instant.date(),
        "touched_at": instant,
        "kind": kind,
        "touch_id": f"{kind} {at} {who}",
        "identifier_type": type_ or "loyalty_card",
        "identifier_value": value,
        "side": sides.get(kind),
        "is_machine": False,
        "net_amount": None if net is None else Decimal(net),
        "discount_amount": None if net is None else Decimal(0),
        "store_id": "S1" if kind in ("sale", "return") else None,
        **more,
    }


def rows(spark: SparkSession, table: Table, given: Sequence[Mapping[str, Any]]) -> DataFrame:
    """Rows of a table; what a row does not name is null."""
    return spark.createDataFrame([[row.get(name) for name in table.names] for row in given], as_read(table))


def touches(spark: SparkSession, *given: Mapping[str, Any]) -> DataFrame:
    return rows(spark, touchpoints.TABLE, given)


def whose(
    identifier: str, person: str | None, since: datetime = KNOWN, until: datetime | None = None
) -> dict[str, Any]:
    """That an identifier, a card or `type:value`, is a person's."""
    type_, _, value = identifier.rpartition(":")
    return {
        "identifier_type": type_ or "loyalty_card",
        "identifier_value": value,
        "person_id": person,
        "valid_from": since,
        "valid_to": until,
        "component": person or identifier,
    }


def persons(spark: SparkSession, *given: Mapping[str, Any]) -> DataFrame:
    return rows(spark, person_identifiers.TABLE, given)


def by_person(frame: DataFrame, *columns: str) -> dict[str, Any]:
    """The values of some columns by `person_id`; of one column the value itself."""
    found = {row["person_id"]: tuple(row[c] for c in columns) for row in frame.collect()}
    return {person: values[0] if len(columns) == 1 else values for person, values in found.items()}


def day(text: str) -> date:
    return date.fromisoformat(text)
