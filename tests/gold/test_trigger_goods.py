"""Messages about goods whose price or stock changed, that are foreseen or promoted near by; and about the weather."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipelines.calc.triggers.kinds import NearStore, OnChange, OnForecast, OnWeather
from pipelines.gold.trigger_goods import changes, forecasts, near_stores, weather_days
from pipelines.gold.trigger_kinds import RAISED
from tests.gold.decision_case import march, trigger

pytestmark = pytest.mark.spark

TODAY = date(2024, 3, 15)
CLOSE = datetime(2024, 3, 16, 6, tzinfo=UTC)
NOON = march(15, 12)
LIKED = [
    ("ann", "category", "TEA", 0.6, 1),
    ("ann", "category", "NUTS", 0.2, 6),
    ("ann", "brand", "TEA", 1.0, 1),
]


def day(offset: int) -> date:
    return TODAY + timedelta(offset)


def on(name: str, event: Any) -> Any:
    return trigger(name, 1, when=event)


def found(frame: DataFrame) -> set[tuple[object, ...]]:
    assert tuple(frame.columns) == RAISED
    return {(row.trigger, row.occasion, *(row.products or [])) for row in frame.collect()}


@pytest.fixture(scope="module")
def frames(spark: SparkSession) -> dict[str, DataFrame]:
    return {
        "persons": spark.createDataFrame(
            [("cookie", "k", "ann")], "identifier_type string, identifier_value string, person_id string"
        ),
        "interests": spark.createDataFrame(
            LIKED, "person_id string, kind string, value string, affinity double, rank int"
        ),
        "products": spark.createDataFrame(
            [("old", "TEA", day(-9)), ("green", "TEA", TODAY), ("cashew", "NUTS", TODAY)],
            "product_id string, category string, first_seen_on date",
        ),
    }


def test_changes_reach_who_looked_at_the_good_or_likes_its_category(
    spark: SparkSession, frames: dict[str, DataFrame]
) -> None:
    prices = {
        "tea": ("10", "8"),
        "jam": ("10", "7"),
        "nut": ("10", "9.9"),
        "rice": ("8", "10"),
        "oil": ("10", "1"),
    }
    offers = spark.createDataFrame(
        [
            (good, at, Decimal(p))
            for good, both in prices.items()
            for at, p in zip((day(-5), TODAY), both, strict=True)
        ],
        "product_id string, valid_on date, price decimal(18, 2)",
    )
    stock = spark.createDataFrame(
        [
            *(("milk", "S1", at, Decimal(n)) for at, n in ((day(-5), 0), (TODAY, 3))),
            *(("salt", "S1", at, Decimal(n)) for at, n in ((day(-5), 1), (TODAY, 3))),
        ],
        "product_id string, store_id string, valid_on date, quantity decimal(18, 3)",
    )
    seen = ["tea", "jam", "nut", "rice", "milk", "salt"]
    sessions = spark.createDataFrame(
        [
            ("cookie", "k", day(-3), False, seen, ["jam"]),
            ("cookie", "k", day(-31), False, ["oil"], []),
            ("cookie", "x", day(-3), False, ["oil"], []),
        ],
        "anchor_type string, anchor_value string, started_on date, is_crawler boolean, products array<string>, "
        "cart_products array<string>",
    )
    triggers = [
        on("cheaper", OnChange(kind="change", change="price_drop")),
        on("cheaper_cart", OnChange(kind="change", change="price_drop", seen=("cart",))),
        on("again", OnChange(kind="change", change="back_in_stock")),
        on("new", OnChange(kind="change", change="new_arrival")),
    ]
    rows = changes(
        offers,
        stock,
        frames["products"],
        sessions,
        frames["interests"],
        frames["persons"],
        triggers,
        TODAY,
        CLOSE,
    )
    assert found(rows) == {
        ("cheaper", "2024-03-15/ann", "jam", "tea"),
        ("cheaper_cart", "2024-03-15/ann", "jam"),
        ("again", "2024-03-15/ann", "milk"),
        ("new", "2024-03-15/ann", "green"),
    }


def test_forecasts_come_once_a_span_with_the_best_goods_first(spark: SparkSession) -> None:
    rows = spark.createDataFrame(
        [
            *((TODAY, "ann", "chains", n, f"g{n}") for n in (2, 1, 3)),
            (day(-1), "bob", "chains", 1, "g1"),
            (TODAY, "cat", "als", 1, "g1"),
        ],
        "as_of date, person_id string, model string, rank int, product_id string",
    )
    daily = on("daily", OnForecast(kind="forecast", model="chains", best=2, every_days=1))
    weekly = on("weekly", OnForecast(kind="forecast", model="chains", best=2, every_days=7))
    assert found(forecasts(rows, [daily, weekly], TODAY, CLOSE)) == {("daily", "2024-03-15/ann", "g1", "g2")}


def test_near_a_shop_goods_of_interest_that_it_promotes(
    spark: SparkSession, frames: dict[str, DataFrame]
) -> None:
    pings = spark.createDataFrame(
        [(TODAY, NOON, "cookie", "k", store) for store in ("S1", "S2", None)],
        "occurred_on date, occurred_at timestamp, anchor_type string, anchor_value string, store_id string",
    )
    promotions = spark.createDataFrame(
        [
            (day(-1), None, ["old", "cashew"], ["S1"]),
            (day(-9), day(-1), ["green"], None),  # over
            (day(1), None, ["green"], None),  # not yet
        ],
        "starts_on date, ends_on date, products array<string>, stores array<string>",
    )
    rows = near_stores(
        pings,
        promotions,
        frames["products"],
        frames["interests"],
        frames["persons"],
        [on("near", NearStore(kind="near_store"))],
        TODAY,
    )
    assert found(rows) == {("near", "2024-03-15/S1/ann", "old")}


def test_the_last_forecast_of_the_region_s_next_day_counts(spark: SparkSession) -> None:
    cold, mild = Decimal("-3.000"), Decimal("9.000")
    weather = spark.createDataFrame(
        [
            ("north", day(1), "forecast", day(-2), mild),
            ("north", day(1), "forecast", TODAY, cold),
            ("south", day(1), "forecast", TODAY, mild),
            ("west", day(1), "forecast", day(1), cold),  # told too late
            ("west", TODAY, "measured", TODAY, cold),
        ],
        "region string, day date, kind string, known_on date, temperature_min decimal(6, 3)",
    ).selectExpr(
        "*",
        "temperature_min as temperature",
        "temperature_min as temperature_max",
        "cast(null as decimal(7, 3)) as precipitation",
    )
    people = spark.createDataFrame(
        [(name, name) for name in ("north", "south", "west")], "person_id string, region string"
    )
    frost = on("frost", OnWeather(kind="weather", measure="temperature_min", at_most=0))
    warm = on("warm", OnWeather(kind="weather", measure="temperature_min", at_least=5))
    colder = on("colder", OnWeather(kind="weather", measure="temperature_min", below_normal=5))
    usual = spark.range(7).selectExpr(
        "explode(array('north', 'south')) as region",
        f"date_sub(date'{TODAY}', cast(id as int)) as day",
        "'measured' as kind",
        f"date'{TODAY}' as known_on",
        "cast(9 as decimal(6, 3)) as temperature_min",
        "cast(null as decimal(6, 3)) as temperature",
        "cast(null as decimal(6, 3)) as temperature_max",
        "cast(null as decimal(7, 3)) as precipitation",
    )
    told = weather.unionByName(usual)
    assert found(weather_days(told, people, [frost, warm, colder], TODAY, CLOSE)) == {
        ("colder", "2024-03-16/north"),
        ("frost", "2024-03-16/north"),
        ("warm", "2024-03-16/south"),
    }
