"""Implicit-feedback ALS by spark.ml, deterministic for the same interactions however they are partitioned.

Hu, Koren & Volinsky (2008), *Collaborative Filtering for Implicit Feedback Datasets*: preference p = 1 where
a person bought a good, confidence c = 1 + alpha * strength; factors minimise sum of c * (p - x.y)**2 +
reg_param * (n_x |x|**2 + n_y |y|**2), the penalty weighted by the number n of observations (Zhou et al.
2008), as spark.ml does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.ml.recommendation import ALS, ALSModel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.errors import DataError
from pipelines.models.als.factors import AlsFactors, on_grid
from pipelines.models.als.features import item_index, person_index


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


@dataclass(frozen=True)
class Fitted:
    """A fit: Spark's model, for the registry, and its factors with their ids, for everything else."""

    model: ALSModel
    factors: AlsFactors


def fit(interactions: DataFrame, params: AlsParams, *, as_of: date, partitions: int = 4) -> Fitted:
    """Fit on `features.interactions` and take the factors to the driver.

    Rows are dealt to a fixed number of partitions by the hash of their index and sorted there, so that ALS
    adds them up in one order. The factors of 1,000,000 persons at rank 32 are 128 MB: beyond some millions
    they should stay in a table.

    Raises:
        DataError: there are no interactions.
    """
    interactions = interactions.cache()  # read four times
    persons, items = person_index(interactions).cache(), item_index(interactions).cache()
    ratings = (
        interactions.join(persons, on="person_id", how="inner")
        .join(items, on="product_id", how="inner")
        .select("person_index", "item_index", F.col("strength").cast("float").alias("strength"))
        .repartition(partitions, "person_index")
        .sortWithinPartitions("person_index", "item_index")
    )
    als = ALS(
        rank=params.rank,
        maxIter=params.iterations,
        regParam=params.reg_param,
        alpha=params.alpha,
        implicitPrefs=True,
        nonnegative=False,
        numUserBlocks=partitions,
        numItemBlocks=partitions,
        userCol="person_index",
        itemCol="item_index",
        ratingCol="strength",
        seed=params.seed,
        checkpointInterval=-1,
    )
    try:
        person_ids, item_ids = _ids(persons, "person_index"), _ids(items, "item_index")
        if not len(person_ids):
            raise DataError(
                f"There is nothing to train on: no person bought a common good until {as_of}",
                remedy="Ingest and refine receipts before that date, or lower als.min_item_buyers.",
            )
        model = als.fit(ratings)
        factors = AlsFactors(
            person_ids=person_ids,
            persons=_factors(model.userFactors),
            item_ids=item_ids,
            items=_factors(model.itemFactors),
            buyers=_recent_buyers(interactions, items, since=as_of - timedelta(days=params.half_life_days)),
        )
    finally:
        for cached in (persons, items, interactions):
            cached.unpersist()
    return Fitted(model, factors)


def _ids(index: DataFrame, position: str) -> pa.StringArray:
    return index.orderBy(position).drop(position).toArrow().column(0).combine_chunks()


def _factors(factors: DataFrame) -> NDArray[np.float32]:
    """The vectors in the order of their index, which is 0, 1, 2, ... without a gap."""
    vectors = factors.orderBy("id").select("features").toArrow().column(0).combine_chunks()
    matrix = vectors.flatten().to_numpy(zero_copy_only=False).reshape(len(vectors), -1)
    return on_grid(matrix.astype(np.float32))


def _recent_buyers(interactions: DataFrame, items: DataFrame, *, since: date) -> NDArray[np.int32]:
    counted = (
        interactions.where(F.col("last_purchased_on") > F.lit(since))
        .groupBy("product_id")
        .agg(F.count(F.lit(1)).alias("buyers"))
    )
    buyers = (
        items.join(counted, on="product_id", how="left")
        .orderBy("item_index")
        .select(F.coalesce(F.col("buyers"), F.lit(0)).cast("int").alias("buyers"))
    )
    recent: NDArray[np.int32] = buyers.toArrow().column(0).to_numpy()
    return recent
