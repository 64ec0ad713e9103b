"""What one visit says, by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from pipelines.gold import catalogue_terms
from pipelines.gold.session_interests import TABLE, build
from pipelines.settings import load

pytestmark = pytest.mark.spark

TODAY, BEFORE = date(2024, 3, 2), date(2024, 3, 1)
SETTINGS = {path.rsplit(".", 1)[-1]: load().value(path) for path in TABLE.params}
SESSION = (
    "session_id string, visitor_type string, visitor_value string, ended_at timestamp, ended_on date, "
    "is_crawler boolean, products array<string>, cart_products array<string>, categories array<string>"
)


def visit(
    name: str, products: list[str], cart: tuple[str, ...] = (), pages: tuple[str, ...] = (), **more: Any
) -> tuple[Any, ...]:
    ended = more.get("on", TODAY)
    at = datetime(ended.year, ended.month, ended.day, 10, tzinfo=UTC)
    return (
        name,
        "cookie",
        f"k-{name}",
        at,
        ended,
        more.get("crawler", False),
        products,
        list(cart),
        list(pages),
    )


def test_a_visit_is_ranked_by_what_was_looked_at_and_put_into_the_cart(spark: SparkSession) -> None:
    products = spark.createDataFrame(
        [
            ("t1", "Green tea", "GROCERY", "TEA", "LEAVES", "Leaf", None),
            ("t2", "Black tea", "GROCERY", "TEA", "LEAVES", "Pot", None),
            ("c1", "Coffee", "GROCERY", "COFFEE", "BEANS", "Bean", None),
        ],
        "product_id string, title string, department string, category string, product_type string, "
        "brand string, package_size string",
    )
    offers = spark.createDataFrame(
        [("t1", BEFORE, Decimal(3)), ("t1", TODAY, Decimal(7)), ("t1", date(2024, 3, 9), Decimal(1))],
        "product_id string, valid_on date, price decimal(18, 2)",
    )
    sessions = spark.createDataFrame(
        [
            visit("a", ["t1", "c1"], ("t1",), ("Coffee", "no such page")),
            visit("b", ["gone"]),
            visit("old", ["t1"], on=BEFORE),
            visit("bot", ["t1"], crawler=True),
        ],
        SESSION,
    )
    terms = catalogue_terms.build(products, as_of=TODAY)
    rows: list[Row] = build(sessions, products, offers, terms, as_of=TODAY, **SETTINGS).collect()
    assert {row.session_id for row in rows} == {"a"}
    found = {(row.kind, row.value): (row.rank, row.affinity) for row in rows}
    assert found["category", "TEA"] == (1, pytest.approx(0.6 / 0.8))
    assert found["category", "COFFEE"] == (2, pytest.approx(0.2 / 0.8)), "the good and the category's page"
    assert found["brand", "Leaf"] == (1, pytest.approx(0.6 / 0.7))
    assert found["price_band", "5-10"] == (1, 1.0), "today's price"
    assert found["colour", "green"] == (1, 1.0)
