"""Implicit-feedback ALS, deterministic for the same interactions however they lie.

Hu, Koren & Volinsky (2008), *Collaborative Filtering for Implicit Feedback Datasets*: preference p = 1 where
a person bought a good, confidence c = 1 + alpha * strength; factors minimise sum of c * (p - x.y)**2 +
reg_param * (n_x |x|**2 + n_y |y|**2), the penalty weighted by the number n of observations (Zhou et al.
2008), as spark.ml does.

Two solvers share this objective, the order of its half steps and what they give: the driver's own (`solver`), and
spark.ml's (`spark_ml`) for more interactions than a driver should hold. They start from different random
directions, so their factors differ, and their rankings hardly do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from scipy.sparse import csr_matrix

from pipelines.errors import DataError
from pipelines.lakehouse.store import held
from pipelines.models.als.factors import AlsFactors, on_grid
from pipelines.models.als.ids import distinct, positions
from pipelines.models.als.solver import solve


@dataclass(frozen=True)
class AlsParams:
    """The parameters that decide what is learned; `conf/base.yaml` says what each is for."""

    rank: int
    iterations: int
    reg_param: float
    alpha: float
    half_life_days: int
    min_item_buyers: int
    seed: int


def fit(interactions: DataFrame, params: AlsParams, *, as_of: date, driver_rows: int) -> AlsFactors:
    """Fit on `features.interactions`, by the solver that their number asks for.

    Args:
        interactions: What to learn from.
        params: Of the model.
        as_of: The last day of it.
        driver_rows: Up to so many interactions are collected and solved on the driver; more by spark.ml.

    Raises:
        DataError: there are no interactions.
    """
    since = as_of - timedelta(days=params.half_life_days)
    with held(interactions) as known:
        rows = known.count()
        if not rows:
            raise DataError(
                f"There is nothing to train on: no person bought a common good until {as_of}",
                remedy="Ingest and refine receipts before that date, or lower als.min_item_buyers.",
            )
        if rows <= driver_rows:
            return learn(known.toArrow(), params, since=since)
        from pipelines.models.als import spark_ml  # the one module here that asks for a JVM

        return spark_ml.learn(known, params, since=since)


def learn(interactions: pa.Table, params: AlsParams, *, since: date) -> AlsFactors:
    """Fit on collected interactions, without Spark.

    Args:
        interactions: At least one, in any order.
        params: Of the model.
        since: Buyers after this day are recent.
    """
    person_ids, item_ids = distinct(interactions["person_id"]), distinct(interactions["product_id"])
    row, column = (
        positions(interactions["person_id"], person_ids),
        positions(interactions["product_id"], item_ids),
    )
    persons, items = solve(
        csr_matrix((interactions["strength"].to_numpy(), (row, column))),
        rank=params.rank,
        iterations=params.iterations,
        reg_param=params.reg_param,
        alpha=params.alpha,
        seed=params.seed,
    )
    recent = pc.greater(interactions["last_purchased_on"], pa.scalar(since)).to_numpy()
    buyers = np.bincount(column[recent], minlength=len(item_ids)).astype(np.int32)
    return AlsFactors(
        person_ids, on_grid(persons), item_ids, on_grid(items), buyers, params.reg_param, params.alpha
    )
