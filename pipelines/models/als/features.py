"""What ALS learns from.

How strongly each person has shown interest in each good, from the days they bought it on.

`strength = sum over purchase days of 2 ** (-(as_of - day) / half_life_days)`. With a half-life of 90 days, a
good bought today and 90 days ago has strength 1 + 0.5 = 1.5. Each summand is a whole number (`calc.decay`), so
the sum is the same in any order. Rows after `as_of` are never looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.calc.decay import ONE, faded
from pipelines.lakehouse.types import DOUBLE, INT, LONG
from pipelines.silver.person_identifiers import IDENTIFIER, current


def offered(products: DataFrame, never_offered: Sequence[str]) -> DataFrame:
    """`product_id, category` of the goods that may be offered: in the catalogue, and of no department that never is.

    A good without a department may be offered.
    """
    barred = F.coalesce(F.col("department").isin(list(never_offered)), F.lit(False))
    return products.where(~barred).select("product_id", "category")


def purchases(product_days: DataFrame, person_identifiers: DataFrame, *, as_of: date) -> DataFrame:
    """`person_id, product_id, purchased_on`: the days a person bought a good on, until `as_of`.

    Once for each identifier they used. Days with returns only are not purchase days.
    """
    return (
        product_days.where((F.col("purchased_on") <= F.lit(as_of)) & (F.col("lines") > 0))
        .join(current(person_identifiers), on=list(IDENTIFIER), how="inner")
        .select("person_id", "product_id", "purchased_on")
    )


def histories(purchases: DataFrame, offered: DataFrame) -> DataFrame:
    """`person_id, product_id, days ARRAY<DATE>`.

    Every person and offered good that they ever bought, with the distinct days of it, in no set order. All
    that is learned or foreseen for any date follows from these rows, so one pass over the days serves them all.
    """
    return (
        purchases.join(offered.select("product_id"), on="product_id", how="left_semi")
        .groupBy("person_id", "product_id")
        .agg(F.collect_set("purchased_on").alias("days"))
    )


def strengths(histories: DataFrame, *, as_of: date, half_life_days: int) -> DataFrame:
    """`person_id, product_id, strength DOUBLE, last_purchased_on`.

    Every person and offered good that they bought until `as_of`.
    """

    def add(total: Column, day: Column) -> Column:
        return total + faded(F.date_diff(F.lit(as_of), day), half_life_days)

    known = F.filter("days", lambda day: day <= F.lit(as_of))
    return (
        histories.where(F.array_min("days") <= F.lit(as_of))
        .select("person_id", "product_id", known.alias("days"))
        .select(
            "person_id",
            "product_id",
            (F.aggregate("days", F.lit(0).cast(LONG), add).cast(DOUBLE) / F.lit(float(ONE))).alias(
                "strength"
            ),
            F.array_max("days").alias("last_purchased_on"),
        )
    )


def common(strengths: DataFrame, *, min_item_buyers: int) -> DataFrame:
    """The rows of goods that at least so many persons bought.

    Of fewer a factor would learn little but noise.
    """
    buyers = strengths.groupBy("product_id").agg(F.count(F.lit(1)).alias("buyers"))
    enough = buyers.where(F.col("buyers") >= min_item_buyers).select("product_id")
    return strengths.join(F.broadcast(enough), on="product_id", how="left_semi")


def interactions(
    product_days: DataFrame,
    person_identifiers: DataFrame,
    products: DataFrame,
    *,
    as_of: date,
    half_life_days: int,
    min_item_buyers: int,
    never_offered: Sequence[str],
) -> DataFrame:
    """What the model is fitted on: `strengths` of the `common` goods, from gold's and silver's tables.

    Milk bought on two days, one half-life apart, and asked for on the second of them, has strength 1.5.
    """
    days = purchases(product_days, person_identifiers, as_of=as_of)
    known = histories(days, offered(products, never_offered))
    every = strengths(known, as_of=as_of, half_life_days=half_life_days)
    return common(every, min_item_buyers=min_item_buyers)


def person_index(interactions: DataFrame) -> DataFrame:
    """`person_id, person_index INT`.

    0, 1, 2, ... in the order of the ids. Spark's ALS wants int32, ids are any strings.
    """
    return _index(interactions, "person_id", "person_index")


def item_index(interactions: DataFrame) -> DataFrame:
    """`product_id, item_index INT`: 0, 1, 2, ... in the order of the ids."""
    return _index(interactions, "product_id", "item_index")


def _index(interactions: DataFrame, column: str, name: str) -> DataFrame:
    place = F.row_number().over(Window.orderBy(column)) - F.lit(1)
    return interactions.select(column).distinct().select(column, place.cast(INT).alias(name))
