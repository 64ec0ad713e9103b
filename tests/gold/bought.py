"""Touches, purchases and identifiers of a few buyers, as gold holds them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from pipelines.gold import purchases, touchpoints
from pipelines.lakehouse.table import Table
from pipelines.settings import load
from pipelines.silver import campaigns, person_identifiers
from tests.frames import as_read

DAY = date(2024, 3, 1)
SETTINGS = load(sets=["attribution.replicates=20"])


def values(table: Table) -> dict[str, Any]:
    return {path.rsplit(".", 1)[-1]: SETTINGS.value(path) for path in table.params}


def at(day: int, hour: float = 12) -> datetime:
    return datetime(2024, 3, 1, tzinfo=UTC) + timedelta(days=day, hours=hour)


def frame(spark: SparkSession, table: Table, rows: list[dict[str, Any]]) -> DataFrame:
    return spark.createDataFrame(
        [tuple(row.get(name) for name in table.names) for row in rows], as_read(table)
    )


def touch(card: str | None, day: int, kind: str, channel: str | None, **more: Any) -> dict[str, Any]:
    instant = more.pop("when", at(day, 9))
    return {
        "touched_on": DAY + timedelta(day),
        "touched_at": instant,
        "kind": kind,
        "touch_id": f"{kind}-{card}-{instant:%m%d%H%M}-{channel}",
        "identifier_type": "loyalty_card",
        "identifier_value": card,
        "channel": channel,
        "is_machine": False,
        **more,
    }


def bought(number: str, card: str | None, day: int, amount: str, **more: Any) -> dict[str, Any]:
    on = DAY + timedelta(day)
    return {
        "purchase_id": number,
        "purchased_on": on,
        "purchased_at": at(day),
        "side": "offline",
        "kind": "sale" if Decimal(amount) > 0 else "return",
        "store_id": "S1",
        "identifier_type": card and "loyalty_card",
        "identifier_value": card,
        "anonymous_group": None if card else f"anonymous/{on}",
        "net_revenue": Decimal(amount),
        **more,
    }


def lake(
    spark: SparkSession,
    touches: list[dict[str, Any]],
    sales: list[dict[str, Any]],
    *campaigns_: dict[str, Any],
) -> tuple[DataFrame, DataFrame, DataFrame, DataFrame]:
    """Identifiers, campaigns, touches, purchases; the person of card `C1` is `p1`."""
    cards = sorted({row["identifier_value"] for row in (*touches, *sales)} - {None})
    persons = [
        {
            "identifier_type": "loyalty_card",
            "identifier_value": card,
            "person_id": card.lower().replace("c", "p"),
            "valid_from": at(0, 0),
            "component": card,
        }
        for card in cards
    ]
    told = [
        {"starts_on": DAY, "arrived_at": at(0, 0), "file": "f", "position": 1, "content_hash": 1, **row}
        for row in campaigns_
    ]
    return (
        frame(spark, person_identifiers.TABLE, persons),
        frame(spark, campaigns.TABLE, told),
        frame(spark, touchpoints.TABLE, touches),
        frame(spark, purchases.TABLE, sales),
    )
