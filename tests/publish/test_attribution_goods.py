"""Credits by category: to the cent, over the categories the channel's, over the channels the category's."""

from __future__ import annotations

import random
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipelines.gold.attribution import TABLE, build
from pipelines.publish.attribution_goods import UNKNOWN, by_category, category_sums, touches_by_category
from tests.gold.bought import bought, lake, touch, values
from tests.gold.test_attribution import LATER, random_world

pytestmark = pytest.mark.spark
GOODS = {"tea": "Drinks", "nut": "Snacks", "bag": "Snacks", "odd": None}


def lines_of(
    spark: SparkSession, sales: list[dict[str, Any]], cut: dict[str, dict[str, str]]
) -> tuple[DataFrame, DataFrame, DataFrame]:
    """Lines of receipts, of orders and the catalogue; of a purchase not in `cut` all is tea."""
    rows = [
        (sale["purchase_id"], good, Decimal(amount))
        for sale in sales
        for good, amount in cut.get(sale["purchase_id"], {"tea": str(sale["net_revenue"])}).items()
    ]
    of = "{} string, product_id string, net_amount decimal(18, 2)"
    return (
        spark.createDataFrame(rows, of.format("receipt_id")),
        spark.createDataFrame([], of.format("order_id")),
        spark.createDataFrame([*GOODS.items(), ("unsold", "Games")], "product_id string, category string"),
    )


def test_of_every_model_rows_and_columns_sum_to_the_cent(spark: SparkSession) -> None:
    draw = random.Random(5)
    touches, sales = random_world(7)
    cut = {}
    for sale in sales:
        parts = {good: Decimal(draw.randrange(-300, 900)) / 100 for good in GOODS}
        cut[sale["purchase_id"]] = {k: str(v) for k, v in parts.items()}
        cut[sale["purchase_id"]]["lost"] = str(sale["net_revenue"] - sum(parts.values()))
    frames = lake(spark, touches, sales)
    credited = build(*frames, frames[-1], as_of=LATER, **values(TABLE)).cache()
    sums = category_sums(credited, frames[-1], *lines_of(spark, sales, cut))
    by_channel: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in credited.select("model", "channel", "value").collect():
        by_channel[row.model, row.channel] += row.value
    of_goods: dict[str, Decimal] = defaultdict(Decimal)
    for parts in cut.values():
        for good, amount in parts.items():
            of_goods[GOODS.get(good) or UNKNOWN] += Decimal(amount)
    found = by_category(credited, sums).collect()
    for model in values(TABLE)["models"]:
        mine = [row for row in found if row.model == model]
        for category, amount in of_goods.items():
            assert sum(row.value for row in mine if row.category == category) == amount
        for (name, channel), amount in by_channel.items():
            assert name != model or sum(row.value for row in mine if row.channel == channel) == amount


def test_a_purchase_by_hand_and_one_that_came_to_nothing(spark: SparkSession) -> None:
    """0.10 less 0.03 of nuts that came back: 0.04 and 0.03 to the two touches; and goods for 2.00 and -2.00."""
    touches = [touch("C1", 1, "session", "Paid Search"), touch("C1", 2, "clicked", "email")]
    sales = [
        bought("r1", "C1", 3, "0.10"),
        bought("b1", "C1", 4, "-0.03", returns_purchase="r1"),
        bought("r2", None, 3, "0.00", kind="sale"),
    ]
    cut = {
        "r1": {"tea": "0.04", "nut": "0.06"},
        "b1": {"nut": "-0.03"},
        "r2": {"tea": "2.00", "bag": "-2.00"},
    }
    frames = lake(spark, touches, sales)
    credited = build(*frames, frames[-1], as_of=LATER, **(values(TABLE) | {"models": ("linear",)}))
    sums = category_sums(credited, frames[-1], *lines_of(spark, sales, cut)).cache()
    found = {(row.channel, row.category): str(row.value) for row in by_category(credited, sums).collect()}
    assert found == {
        ("Email", "Drinks"): "0.02",
        ("Email", "Snacks"): "0.01",
        ("Paid Search", "Drinks"): "0.02",
        ("Paid Search", "Snacks"): "0.02",
        ("Unattributed", "Drinks"): "2.00",
        ("Unattributed", "Snacks"): "-2.00",
    }
    years = {
        row.category: (row.purchases, row.touches) for row in touches_by_category(credited, sums).collect()
    }
    assert years == {None: (1, 2), "Drinks": (1, 2), "Snacks": (1, 2)}
