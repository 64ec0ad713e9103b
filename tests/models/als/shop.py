"""A small shop for the model's tests.

Two tastes, and one good of each that a person of that taste has not bought yet.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from pyspark.sql import DataFrame, SparkSession

from pipelines.gold import product_days, recommendations, replenishment
from pipelines.models.als.train import AlsParams
from pipelines.silver import person_identifiers

AS_OF = date(2024, 3, 31)
PARAMS = AlsParams(
    rank=4, iterations=5, reg_param=0.05, alpha=10.0, half_life_days=30, min_item_buyers=2, seed=7
)
PEOPLE, GOODS = 12, 6  # persons of each taste, goods of each taste


def bought(card: str, product: str, day: date, *, lines: int = 1) -> tuple[object, ...]:
    return (day, "loyalty_card", card, product, lines, Decimal(lines), Decimal("1.00"))


def history() -> list[tuple[object, ...]]:
    """Person i of a taste buys all its goods but number i, four weeks ago, and one of them again in the last week."""
    rows = []
    for taste in ("cat", "dog"):
        for person in range(PEOPLE):
            for good in range(GOODS):
                if good != person % GOODS:
                    rows.append(
                        bought(f"{taste}-{person}", f"{taste}-{good}", AS_OF - timedelta(days=28 + person))
                    )
            rows.append(
                bought(f"{taste}-{person}", f"{taste}-{(person + 1) % GOODS}", AS_OF - timedelta(days=2))
            )
            if person % 2:
                rows.append(bought(f"{taste}-{person}", f"{taste}-{person % GOODS}", AS_OF))
    return rows


def days_frame(spark: SparkSession, rows: list[tuple[object, ...]]) -> DataFrame:
    return spark.createDataFrame(rows, product_days.TABLE.schema)


def habits_frame(spark: SparkSession, rows: list[dict[str, object]]) -> DataFrame:
    """Rows of `gold.replenishment` of `AS_OF`: a good bought thrice, and what is said of it."""
    usual = {
        "as_of": AS_OF,
        "purchase_days": 3,
        "interval_days": 10,
        "usual_quantity": Decimal(1),
        "reason": "Habit.",
        "model_version": "replenishment/2",
    }
    names = replenishment.TABLE.names
    given = [tuple({**usual, **row}.get(name) for name in names) for row in rows]
    return spark.createDataFrame(given, replenishment.TABLE.schema)


def recommended(
    days: DataFrame,
    persons: DataFrame,
    products: DataFrame,
    *,
    habits: list[dict[str, object]] | None = None,
    children: dict[str, list[date]] | None = None,
    **given: object,
) -> DataFrame:
    """`gold.recommendations` of `AS_OF` by the champions that are given; no other model has one."""
    asked: dict[str, object] = dict.fromkeys(recommendations.MODELS)
    asked |= {"as_of": AS_OF, "per_person": 5, "recent_days": 14, "due_within_days": 7, "never_offered": ()}
    asked |= {"within_days": 28, "least_chance": 0.05, "explore_share": 0.0}
    spark = days.sparkSession
    forms = customers_frame(spark, children or {})
    due = habits_frame(spark, habits or [])
    return recommendations.build(days, persons, products, forms, due, **{**asked, **given})  # type: ignore[arg-type]


def customers_frame(spark: SparkSession, children: dict[str, list[date]]) -> DataFrame:
    """Forms: by card the birth dates of the children that it names."""
    return spark.createDataFrame(list(children.items()), "loyalty_card string, children array<date>")


def persons_frame(spark: SparkSession, cards: dict[str, str]) -> DataFrame:
    """Cards by the person who holds them."""
    since = datetime(2024, 1, 1, tzinfo=UTC)
    rows = [
        ("loyalty_card", card, person, since, None, f"loyalty_card:{card}") for card, person in cards.items()
    ]
    return spark.createDataFrame(rows, person_identifiers.TABLE.schema)


def products_frame(spark: SparkSession, goods: dict[str, str | None]) -> DataFrame:
    """Departments by good; the category is the name's first part, the rest the type."""
    rows = [
        (good, department, *good.partition("-")[::2], None, None, None) for good, department in goods.items()
    ]
    return spark.createDataFrame(
        rows,
        "product_id string, department string, category string, product_type string, brand string, "
        "size_label string, first_seen_on date",
    )


def cards() -> dict[str, str]:
    return {f"{taste}-{i}": f"p-{taste}-{i:02}" for taste in ("cat", "dog") for i in range(PEOPLE)}


def goods() -> dict[str, str | None]:
    return {f"{taste}-{i}": "PETS" for taste in ("cat", "dog") for i in range(GOODS)}
