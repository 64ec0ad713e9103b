"""Weights, price bands, attributes and stages, by hand."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipelines.calc.interests import (
    ActionWeight,
    AttributeRule,
    act_weight,
    as_term,
    ascending,
    attribute_values,
    band_of,
    each_once,
    stage_of,
)

WEIGHTS = (
    ActionWeight(action="purchase", weight=1, half_life_days=90),
    ActionWeight(action="view", weight=0.5, half_life_days=30),
)


@pytest.mark.spark
def test_a_weight_has_its_actions_share_and_half_life(spark: SparkSession) -> None:
    acts = spark.createDataFrame([("purchase", 90), ("view", 0), ("view", 30)], "action string, age int")
    found = acts.select(act_weight(F.col("action"), F.col("age"), WEIGHTS)).collect()
    assert [row[0] for row in found] == [500_000_000_000, 500_000_000_000, 250_000_000_000]


@pytest.mark.spark
def test_a_bound_belongs_to_the_band_above_it(spark: SparkSession) -> None:
    prices = spark.createDataFrame([("0.00",), ("1.99",), ("2",), ("5",), ("99",), (None,)], "p string")
    found = prices.select(band_of(F.col("p").cast("decimal(18, 2)"), (2, 5))).collect()
    assert [row[0] for row in found] == ["0-2", "0-2", "2-5", "5+", "5+", None]


@pytest.mark.spark
def test_the_first_rule_that_fits_says_the_attribute_and_a_group_finds_the_words(spark: SparkSession) -> None:
    rules = (
        AttributeRule(attribute="age", value="0-2", column="title", pattern="^baby"),
        AttributeRule(attribute="age", value="3-12", column="title", pattern="toy"),
        AttributeRule(attribute="size", column="title", pattern=r"size (\w+)$"),
    )
    goods = spark.createDataFrame(
        [("Baby toy",), ("Toy SIZE XL",), ("size of it all",), (None,)], "title string"
    )
    found = goods.select(*(value.alias(name) for name, value in attribute_values(rules).items())).collect()
    assert [tuple(row) for row in found] == [("0-2", None), ("3-12", "xl"), (None, None), (None, None)]


@pytest.mark.spark
def test_words_are_compared_in_lower_case_and_with_single_blanks(spark: SparkSession) -> None:
    words = spark.createDataFrame([("  Baby   Foods\t",), ("",), (" ",), (None,)], "w string")
    assert [row[0] for row in words.select(as_term(F.col("w"))).collect()] == ["baby foods", None, None, None]


@pytest.mark.spark
def test_a_stage_is_the_furthest_that_was_reached(spark: SparkSession) -> None:
    counts = [(0, 0, 1), (0, 0, 2), (0, 1, 9), (1, 0, 0), (2, 5, 9), (3, 0, 0)]
    frame = spark.createDataFrame(counts, "bought int, carts int, looks int")
    stage = stage_of(F.col("bought"), F.col("carts"), F.col("looks"), considered_days=2, replenishing_days=3)
    found = [row[0] for row in frame.select(stage).collect()]
    assert found == ["seen", "considered", "in_cart", "bought", "bought", "replenishing"]


def test_what_cannot_be_meant_is_refused() -> None:
    with pytest.raises(ValueError, match="each of purchase, cart"):
        each_once(WEIGHTS)
    with pytest.raises(ValueError, match="each above the one before"):
        ascending((5, 5))
    for wrong, said in (
        ({"attribute": "brand", "value": "x"}, "is a kind of interest already"),
        ({"attribute": "size"}, "needs a group"),
        ({"attribute": "size", "value": "x", "pattern": "("}, "no regular expression"),
    ):
        with pytest.raises(ValidationError, match=said):
            AttributeRule.model_validate({"column": "title", "pattern": "x", **wrong})
