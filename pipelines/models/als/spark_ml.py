"""spark.ml's solver of implicit ALS, for more interactions than one machine's memory holds.

Deterministic for the same interactions however they are partitioned.
"""

from __future__ import annotations

import tempfile
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipelines.models.als.factors import AlsFactors, on_grid
from pipelines.models.als.features import item_index, person_index
from pipelines.models.als.train import AlsParams


def learn(interactions: DataFrame, params: AlsParams, *, since: date, partitions: int = 4) -> AlsFactors:
    """Fit on `features.interactions`, which the caller has cached, and take the factors to the driver.

    Rows are dealt to a fixed number of partitions by the hash of their index and sorted there, so that ALS
    adds them up in one order. The factors of 1,000,000 persons at rank 32 are 128 MB: beyond some millions
    they should stay in a table.

    Args:
        interactions: At least one.
        params: Of the model.
        since: Buyers after this day are recent.
        partitions: Blocks of persons and of items.
    """
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
        checkpointInterval=_checkpoints(interactions.sparkSession),
    )
    try:
        model = als.fit(ratings)
        return AlsFactors(
            person_ids=_ids(persons, "person_index"),
            persons=_factors(model.userFactors),
            item_ids=_ids(items, "item_index"),
            items=_factors(model.itemFactors),
            buyers=_recent_buyers(interactions, items, since=since),
            reg_param=params.reg_param,
            alpha=params.alpha,
        )
    finally:
        for cached in (persons, items):
            cached.unpersist()


def _checkpoints(spark: SparkSession) -> int:
    """After how many half iterations factors are checkpointed; -1: never, where there is no place for it.

    Without, the plan grows with every iteration, and some twenty-five overflow the stack. On one machine the place is a
    temporary folder; on a cluster it is the setting `spark.checkpoint.dir`, which all executors must reach.
    """
    context = spark.sparkContext
    if context.getCheckpointDir() is None:
        if not str(context.master).startswith("local"):
            return -1
        context.setCheckpointDir(tempfile.mkdtemp(prefix="tillpost-checkpoints-"))
    return 5


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
