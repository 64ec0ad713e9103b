"""A lake of a few gold tables, made by hand for the notebooks: forty people, twelve goods, four months."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake
from pyspark.sql.pandas.types import to_arrow_schema

from pipelines.gold import (
    attribution_channels,
    customer_360,
    experiment_results,
    interest_profiles,
    product_days,
    recommendations,
)
from pipelines.lakehouse.lake import path_of
from pipelines.lakehouse.table import Table
from pipelines.silver import person_identifiers, products

LAST = date(2024, 4, 30)
DAYS, PEOPLE, GOODS = 120, 40, 12
CATEGORIES = ("TEA", "BABY FOOD", "SNACKS")
SINCE = datetime(2024, 1, 1, tzinfo=UTC)
Rows = Sequence[Mapping[str, Any]]


def category(good: int) -> str:
    return CATEGORIES[good % 3]


def likes(person: int, good: int) -> bool:
    """Everybody buys tea; of the others the even people buy baby food, the odd ones snacks."""
    return category(good) == "TEA" or category(good) == CATEGORIES[1 + person % 2]


def bought() -> Iterator[dict[str, Any]]:
    """Each good that somebody likes about every nine days, a little off, and now and then forgets it."""
    draws = Random(1)
    for person in range(PEOPLE):
        for good in range(GOODS):
            day = (3 * person + 5 * good) % 9
            while likes(person, good) and day < DAYS:
                yield {
                    "purchased_on": LAST - timedelta(DAYS - 1 - day),
                    "identifier_type": "loyalty_card",
                    "identifier_value": f"C{person:02}",
                    "product_id": f"G{good:02}",
                    "lines": 1,
                    "quantity": Decimal("1.000"),
                    "net_amount": Decimal("2.00"),
                }
                day += 20 if draws.random() < 0.1 else draws.randint(7, 11)


def recommended() -> Iterator[dict[str, Any]]:
    """To each person the goods of the kind that only they like."""
    for person in range(PEOPLE):
        mine = [good for good in range(GOODS) if likes(person, good) and category(good) != "TEA"]
        for rank, good in enumerate(mine, 1):
            yield {
                "as_of": LAST, "person_id": f"p{person:02}", "model": "als", "rank": rank, "score": 1.0 / rank,
                "product_id": f"G{good:02}", "reason": "why", "model_version": "als/1",
            }  # fmt: skip


def arm(name: str, value: float, control: str | None) -> dict[str, Any]:
    compared = {} if control is None else {"absolute": 1.0, "absolute_low": 0.5, "absolute_high": 1.5}
    return {
        "as_of": LAST, "experiment_id": "spring", "kind": "mailing", "arm": name, "metric": "revenue_per_person",
        "by_lot": True, "decides": True, "numerator": value * 20, "denominator": 20, "value": value, "low": value - 1,
        "high": value + 1, "control": control, "verdict": control and "It is higher.", **compared,
    }  # fmt: skip


def credit(model: str, channel: str, value: int, spread: float | None) -> dict[str, Any]:
    low, high = (None, None) if spread is None else (value - spread, value + spread)
    return {
        "as_of": LAST, "model": model, "channel": channel, "purchases": 1.0, "value": Decimal(value), "value_low": low,
        "value_high": high, "influenced_purchases": 1, "influenced_value": Decimal(value),
    }  # fmt: skip


def tables() -> tuple[tuple[Table, Rows], ...]:
    persons = range(PEOPLE)
    own = {person: CATEGORIES[1 + person % 2] for person in persons}
    return (
        (product_days.TABLE, list(bought())),
        (
            products.TABLE,
            [
                {"product_id": f"G{good:02}", "category": category(good), "title": f"Good {good}"}
                for good in range(GOODS)
            ],
        ),
        (
            person_identifiers.TABLE,
            [
                {
                    "identifier_type": "loyalty_card",
                    "identifier_value": f"C{person:02}",
                    "person_id": f"p{person:02}",
                }
                | {"valid_from": SINCE}
                for person in persons
            ],
        ),
        (
            customer_360.TABLE,
            [
                {"as_of": LAST, "person_id": f"p{person:02}", "purchase_days": 9, "receipts": 9}
                | {"kids_count": None if person % 4 else "2"}
                for person in persons
            ],
        ),
        (
            interest_profiles.TABLE,
            [
                {
                    "person_id": f"p{person:02}",
                    "kind": "category",
                    "value": own[person],
                    "rank": 1,
                    "affinity": 1.0,
                }
                for person in persons
            ],
        ),
        (recommendations.TABLE, list(recommended())),
        (
            attribution_channels.TABLE,
            [
                credit("last_click", "Email", 3, None),
                credit("shapley", "Email", 5, 1.0),
                credit("shapley", "Direct", 4, 1.0),
                credit("shapley", "Unattributed", 9, 1.0),
            ],
        ),
        (experiment_results.TABLE, [arm("control", 10.0, None), arm("mailed", 11.0, "control")]),
    )


def make(root: Path) -> str:
    """Write the tables, as their contracts have them; what a notebook does not ask for is null."""
    for table, rows in tables():
        contract = to_arrow_schema(table.schema, timezone="UTC")
        schema = pa.schema(field.with_nullable(True) for field in contract)
        filled = [dict.fromkeys(schema.names) | dict(row) for row in rows]
        write_deltalake(path_of(str(root), table), pa.Table.from_pylist(filled, schema=schema))
    return str(root)
