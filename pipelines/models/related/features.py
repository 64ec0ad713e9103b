"""What goods are counted by: which stand in one receipt, and which are bought soon after on another day.

Both relations are one count over *units*: a unit holds goods on its left and goods on its right, each right one with
a weight, a whole number, so that sums are the same in any order.

- `together`: a unit is a receipt; both sides are its goods, the right ones weighing `ONE // (goods of the receipt)`.
- `after`: a unit is a person's shopping day; on the left its goods, on the right those bought on another day within
  `window_days` after and not on the day itself, weighing `ONE`. Receipts of nobody known are left out.

Of a receipt with more than `max_goods` goods only those that fewest receipts hold are counted: pairs grow with the
square, and what everybody buys says least. A good that more than `max_share` (of `train`) of the units hold
goes with everything; it may be named for others, and names none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from scipy.sparse import csr_matrix

from pipelines.lakehouse.types import DATE, LONG
from pipelines.models.lines import ANONYMOUS, Lines

ONE = 10**9
"""A weight of one; a LONG holds the sum of nine billion of these."""

Relation = Literal["together", "after"]
RELATIONS: tuple[Relation, ...] = ("together", "after")


@dataclass(frozen=True)
class Units:
    """Units x goods, whole numbers: 1 on the left, weights on the right."""

    left: csr_matrix
    right: csr_matrix


def units(lines: Lines, relation: Relation, *, max_goods: int, window_days: int) -> Units:
    """The units of a relation as matrices."""
    if relation == "together":
        held = capped(lines.baskets, max_goods)
        goods = held.getnnz(axis=1)
        right = held.copy()
        right.data = np.repeat(ONE // np.maximum(goods, 1), goods).astype(np.int64)
        return Units(held, right)
    return _after(lines, max_goods, window_days)


def capped(held: csr_matrix, most: int) -> csr_matrix:
    """The matrix with at most so many columns in each row: those that fewest rows hold; ties by place."""
    rows, columns = held.nonzero()
    order = np.lexsort((columns, held.getnnz(axis=0)[columns], rows))
    place = np.arange(len(rows)) - np.searchsorted(rows, rows)
    kept = order[place < most]
    ones = np.ones(len(kept), dtype=np.int64)
    return csr_matrix((ones, (rows[kept], columns[kept])), shape=held.shape)


def _after(lines: Lines, max_goods: int, window_days: int) -> Units:
    known = lines.customer != ANONYMOUS
    customer, day, good = lines.customer[known], lines.day[known], lines.product[known]
    span = int(day.max(initial=0)) + 2 * window_days + 2  # days of two persons never lie within a window
    stamps, unit = np.unique(customer * span + day, return_inverse=True)
    shape = (len(stamps), len(lines.product_ids))
    held = csr_matrix((np.ones(len(unit), dtype=np.int64), (unit, good)), shape=shape)
    held.data[:] = 1  # two receipts of one day may hold the same good
    held = capped(held, max_goods)
    last = np.searchsorted(stamps, stamps + window_days, side="right")
    following = last - np.arange(len(stamps)) - 1
    row = np.repeat(np.arange(len(stamps)), following)
    column = row + 1 + np.arange(len(row)) - np.searchsorted(row, row)
    soon = csr_matrix((np.ones(len(row), dtype=np.int64), (row, column)), shape=(len(stamps),) * 2) @ held
    soon = csr_matrix(soon - soon.multiply(held))
    soon.eliminate_zeros()
    soon.data[:] = ONE
    return Units(held, soon)


def pairs(lines: DataFrame, relation: Relation, *, max_goods: int, window_days: int) -> DataFrame:
    """`product_id, other_id, units, others, support LONG, weight LONG`, counted by the engine.

    One row per pair of different goods that share a unit: how many units hold the first on the left, how many the
    other on the right, how many both, and the sum of the weights of these. The same numbers as the matrices give.

    Args:
        lines: `customer_id, basket_id, purchased_at, product_id`, before the day, net of returns, which the caller
            holds.
        relation: Which.
        max_goods: Of a unit's goods at most so many are counted.
        window_days: Of the relation `after`.
    """
    left, right = _sides(lines, relation, max_goods, window_days)
    on_left = left.groupBy("product_id").agg(F.count(F.lit(1)).alias("units"))
    on_right = right.groupBy("other_id").agg(F.count(F.lit(1)).alias("others"))
    return (
        left.join(right, on="unit", how="inner")
        .where(F.col("product_id") != F.col("other_id"))
        .groupBy("product_id", "other_id")
        .agg(F.count(F.lit(1)).alias("support"), F.sum("weight").alias("weight"))
        .join(on_left, on="product_id", how="inner")
        .join(on_right, on="other_id", how="inner")
        .select("product_id", "other_id", "units", "others", "support", "weight")
    )


def _sides(
    lines: DataFrame, relation: Relation, max_goods: int, window_days: int
) -> tuple[DataFrame, DataFrame]:
    if relation == "together":
        held = _capped(lines.select(F.col("basket_id").alias("unit"), "product_id").distinct(), max_goods)
        goods = F.count(F.lit(1)).over(Window.partitionBy("unit"))
        weight = F.floor(F.lit(ONE) / goods).cast(LONG)
        return held, held.select("unit", F.col("product_id").alias("other_id"), weight.alias("weight"))
    named = lines.where(F.col("customer_id").isNotNull())
    visit = F.struct("customer_id", F.col("purchased_at").cast(DATE).alias("day"))
    held = _capped(named.select(visit.alias("unit"), "product_id").distinct(), max_goods)
    each = held.select(
        F.col("unit.customer_id").alias("customer_id"), F.col("unit.day").alias("day"), "product_id"
    )
    later = each.select("customer_id", F.col("day").alias("later"), F.col("product_id").alias("other_id"))
    apart = F.date_diff("later", "day")
    soon = (
        each.select("customer_id", "day")
        .distinct()
        .join(later, on="customer_id", how="inner")
        .where((apart > 0) & (apart <= window_days))
        .select("customer_id", "day", "other_id")
        .distinct()
    )
    same = each.withColumnRenamed("product_id", "other_id")
    fresh = soon.join(same, on=["customer_id", "day", "other_id"], how="left_anti")
    unit = F.struct("customer_id", "day").alias("unit")
    return held, fresh.select(unit, "other_id", F.lit(ONE).cast(LONG).alias("weight"))


def _capped(held: DataFrame, most: int) -> DataFrame:
    common = F.count(F.lit(1)).over(Window.partitionBy("product_id"))
    place = F.row_number().over(Window.partitionBy("unit").orderBy("common", "product_id"))
    counted = held.withColumn("common", common).withColumn("place", place)
    return counted.where(F.col("place") <= most).select("unit", "product_id")


def unit_count(lines: DataFrame, relation: Relation) -> int:
    """How many units there are, of the same lines."""
    if relation == "together":
        return lines.select("basket_id").distinct().count()
    named = lines.where(F.col("customer_id").isNotNull())
    return named.select("customer_id", F.col("purchased_at").cast(DATE)).distinct().count()
