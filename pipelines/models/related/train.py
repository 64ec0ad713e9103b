"""Fitting: for each good the goods that go with it, and those that are bought soon after it.

**Score.** A walk from the good to a receipt that holds it and on to a good of that receipt, less the fame of both ends:

    score(i, j) = (sum over units with i and j of w(j)) / n(i)**alpha / m(j)**beta

with n and m the numbers of units that hold i on the left and j on the right. Alpha 1 and w = 1 / (goods of the receipt)
is RP3beta (Paudel et al. 2017, *Updatable, Accurate, Diverse, and Scalable Recommendations for Interactive
Applications*). A smaller alpha lets the rarer goods of a receipt say more.

**Evidence**, beside each pair: `support`, the units with both; `lift = support * N / (n m)`, 1 where the goods have
nothing to do with each other, with the 95 % interval of a Poisson count; and, of `after`,
`direction`, the share of the units with i before j among those with either order. Of the relation `after` the score is
the lower end of the lift's interval, the lift shrunk by what its support leaves open, and pairs whose interval
reaches down to 1 are left out.

Milk in 40 of 100 receipts, cereal in 20, both in 16: lift 16 * 100 / (40 * 20) = 2, interval [1.14, 3.25].
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from scipy.sparse import csc_matrix, csr_matrix

from pipelines.lakehouse.store import held
from pipelines.models.lines import Codes, Frame, Lines, coded, netted, places, read
from pipelines.models.related.features import ONE, RELATIONS, Relation, Units, pairs, unit_count, units
from pipelines.models.related.score import Related, Relations

ROWS_AT_ONCE = 512
Z = 1.959963984540054  # of a 95 % interval


@dataclass(frozen=True)
class RelatedParams:
    """What decides which goods are related.

    Args:
        alpha: How much the fame of the good in the receipt counts against what it says.
        beta: How much the fame of the good that is named counts against it.
        neighbours: How many goods are kept for each.
        min_support: Units with both goods, at least.
        max_goods: Of a receipt's goods at most so many are counted.
        max_share: A good of more than this share of the receipts names no others.
        window_days: What "soon after" means.
        driver_rows: Up to so many lines are counted on the driver, more by the engine.
    """

    alpha: float = 0.5
    beta: float = 0.1
    neighbours: int = 100
    min_support: int = 2
    max_goods: int = 100
    max_share: float = 0.5
    window_days: int = 14
    driver_rows: int = 20_000_000


@dataclass(frozen=True)
class _Counted:
    """Some pairs: positions, what `features.pairs` says of them, and the support of the pair turned round."""

    row: Codes
    column: Codes
    n: Codes
    m: Codes
    support: Codes
    weight: Codes
    back: Codes


def fit(lines: Frame, *, as_of: date, params: RelatedParams | None = None) -> Related:
    """Learn both relations from the lines of days before `as_of`.

    Args:
        lines: `customer_id, basket_id, purchased_at, product_id, quantity`, as pandas, Arrow or the engine's.
        as_of: The first day that is not looked at.
        params: Null: the defaults.

    Raises:
        DataError: see `lines.read`.
    """
    asked = params or RelatedParams()
    if isinstance(lines, DataFrame):
        with held(netted(lines, as_of=as_of)) as known:
            if known.count() > asked.driver_rows:
                return _by_engine(known, asked, as_of)
            return of_lines(read(known, as_of=as_of), asked)
    return of_lines(read(lines, as_of=as_of), asked)


def of_lines(lines: Lines, params: RelatedParams) -> Related:
    """Learn both relations on the driver."""
    buyers = np.bincount(lines.product, minlength=len(lines.product_ids)).astype(np.int64)
    found = []
    for relation in RELATIONS:
        sides = units(lines, relation, max_goods=params.max_goods, window_days=params.window_days)
        total = sides.left.shape[0]
        found.append(
            _joined([_judged(part, total, relation, params) for part in _of_matrices(sides, params)])
        )
    return Related(lines.as_of, lines.product_ids, buyers, *found)


def _of_matrices(sides: Units, params: RelatedParams) -> Iterator[_Counted]:
    """Every pair with enough support, some goods at a time."""
    left, right, there = csc_matrix(sides.left), sides.right, sides.right.copy()
    there.data = np.ones_like(there.data)
    whence = csc_matrix(there)
    n, m = left.getnnz(axis=0).astype(np.int64), right.getnnz(axis=0).astype(np.int64)
    for start in range(0, left.shape[1], ROWS_AT_ONCE):
        block = slice(start, start + ROWS_AT_ONCE)
        some = csr_matrix(left[:, block].T)
        both, weighed = csr_matrix(some @ there), csr_matrix(some @ right)
        both.sort_indices()
        weighed.sort_indices()
        row = np.repeat(np.arange(both.shape[0]), np.diff(both.indptr))
        column = both.indices.astype(np.int64)
        kept = (row + start != column) & (both.data >= params.min_support)
        row, column = row[kept], column[kept]
        back = _cells(csr_matrix(whence[:, block].T @ sides.left), row, column)
        row = row + start
        yield _Counted(row, column, n[row], m[column], both.data[kept], weighed.data[kept], back)


def _cells(matrix: csr_matrix, row: Codes, column: Codes) -> Codes:
    """The matrix at some places, 0 where it has no cell."""
    if not matrix.nnz:
        return np.zeros(len(row), dtype=np.int64)
    matrix.sort_indices()
    width = matrix.shape[1]
    keys = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)) * width + matrix.indices
    asked = row * width + column
    place = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    found: Codes = np.where(keys[place] == asked, matrix.data[place], 0)
    return found


def _by_engine(lines: DataFrame, params: RelatedParams, as_of: date) -> Related:
    """Count on the engine, and take each good's best pairs to the driver."""
    goods = lines.groupBy("product_id").agg(F.count(F.lit(1)).alias("buyers")).orderBy("product_id").toArrow()
    product_ids, code = coded(goods["product_id"])
    buyers = np.empty(len(code), dtype=np.int64)
    buyers[code] = goods["buyers"].to_numpy()
    found = []
    for relation in RELATIONS:
        sizes = {"max_goods": params.max_goods, "window_days": params.window_days}
        total = unit_count(lines, relation)
        with held(pairs(lines, relation, **sizes)) as every:
            counted = _taken(every, total, relation, params).toArrow()
        row, column = (places(counted[name], product_ids) for name in ("product_id", "other_id"))
        rest = (counted[name].to_numpy() for name in ("units", "others", "support", "weight", "back"))
        found.append(_judged(_Counted(row, column, *rest), total, relation, params))
    return Related(as_of, product_ids, buyers, *found)


def _taken(every: DataFrame, total: int, relation: Relation, params: RelatedParams) -> DataFrame:
    """The best pairs of each good, by the score that `_judged` gives them."""
    back = every.select(
        F.col("product_id").alias("other_id"),
        F.col("other_id").alias("product_id"),
        F.col("support").alias("back"),
    )
    if relation == "after":
        support = F.col("support").cast("double")
        root = 1 - 1 / (9 * support) - Z / (3 * F.sqrt(support))
        score = support * root * root * root / (F.col("units") * F.col("others"))
    else:
        score = (
            F.col("weight")
            / F.pow(F.col("units").cast("double"), F.lit(params.alpha))
            / F.pow(F.col("others").cast("double"), F.lit(params.beta))
        )
    first = Window.partitionBy("product_id").orderBy(F.desc("score"), "other_id")
    common = (F.col("support") >= params.min_support) & (F.col("units") <= params.max_share * total)
    return (
        every.where(common)
        .withColumn("score", score)
        .withColumn("place", F.row_number().over(first))
        .where(F.col("place") <= params.neighbours)
        .join(back, on=["product_id", "other_id"], how="left")
        .withColumn("back", F.coalesce("back", F.lit(0)))
    )


def _joined(parts: Sequence[Relations]) -> Relations:
    return Relations(*map(np.concatenate, zip(*(part.columns for part in parts), strict=True)))


def _judged(part: _Counted, total: int, relation: Relation, params: RelatedParams) -> Relations:
    """The best pairs of each good, with their evidence."""
    expected = part.n * (part.m / total)
    low, high = (bound / expected for bound in poisson_interval(part.support))
    if relation == "after":
        score = np.where(low > 1, low, 0.0)
    else:
        score = part.weight / ONE / part.n**params.alpha / part.m**params.beta
    score = np.where(part.n > params.max_share * total, 0.0, score)
    order = np.lexsort((part.column, -score, part.row))
    row = part.row[order]
    place = np.arange(len(order)) - np.searchsorted(row, row)
    best = order[(place < params.neighbours) & (score[order] > 0)]
    support = part.support[best]
    return Relations(
        part.row[best],
        part.column[best],
        score[best],
        support,
        support / expected[best],
        low[best],
        high[best],
        support / np.maximum(support + part.back[best], 1),
    )


def poisson_interval(counts: Codes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The 95 % interval of each count's mean by Byar's approximation (Breslow & Day 1987), counts of 1 and more.

    >>> [round(float(end[0]), 2) for end in poisson_interval(np.array([16]))]
    [9.14, 25.98]
    """
    more = counts + 1
    low = counts * (1 - 1 / (9 * counts) - Z / (3 * np.sqrt(counts))) ** 3
    high = more * (1 - 1 / (9 * more) + Z / (3 * np.sqrt(more))) ** 3
    return np.maximum(low, 0.0), high
