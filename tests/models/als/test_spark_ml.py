from __future__ import annotations

import dataclasses
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from scipy.sparse import csr_matrix

from pipelines.models.als import evaluate, spark_ml, train
from pipelines.models.als.score import best_goods
from tests.models.als.shop import AS_OF, PARAMS

TASTES, PERSONS, GOODS = 4, 300, 120


def planted() -> tuple[pa.Table, csr_matrix]:
    """Interactions of persons with mixed tastes, each taste with goods of its own, and what each bought afterwards.

    A tenth of what they buy is of no taste. So many tastes as the rank leave the factors little to choose, so that the
    solvers' different beginnings are forgotten soon.
    """
    rng = np.random.default_rng(11)
    own = GOODS // TASTES
    taste = np.kron(np.eye(TASTES), 1.0 / np.arange(1, own + 1))
    liking = rng.dirichlet(np.full(TASTES, 0.2), size=PERSONS) @ (taste / taste.sum(axis=1, keepdims=True))
    rows: list[tuple[str, str, float, date]] = []
    later = np.zeros((PERSONS, GOODS))
    for person, weights in enumerate(liking):
        goods = rng.choice(GOODS, size=20, replace=False, p=0.9 * weights + 0.1 / GOODS)
        later[person, goods[:5]] = 1
        rows += [(f"p{person:03}", f"g{good:03}", 1.0 + rng.random(), AS_OF) for good in goods[5:]]
    names = ("person_id", "product_id", "strength", "last_purchased_on")
    return pa.table([pa.array(column) for column in zip(*rows, strict=True)], names=names), csr_matrix(later)


@pytest.mark.spark
@pytest.mark.jvm
def test_both_solvers_rank_alike(spark: SparkSession) -> None:
    interactions, targets = planted()
    params = dataclasses.replace(PARAMS, rank=TASTES, iterations=8, alpha=3.0)
    since = AS_OF - timedelta(days=params.half_life_days)
    frame = spark.createDataFrame(interactions.to_pandas())
    learned = {
        "driver": train.learn(interactions, params, since=since),
        "spark.ml": spark_ml.learn(frame, params, since=since),
    }
    driver, distributed = learned.values()
    assert driver.person_ids.equals(distributed.person_ids)
    assert driver.item_ids.equals(distributed.item_ids)
    np.testing.assert_array_equal(driver.buyers, distributed.buyers)

    bought = (
        np.array([int(p[1:]) for p in interactions["person_id"].to_pylist()]),
        np.array([driver.item_ids.index(good).as_py() for good in interactions["product_id"]]),
    )
    rankings = {
        name: best_goods(
            model, np.arange(PERSONS), k=10, struck=bought, withdrawn=np.empty(0, dtype=np.int32)
        )[0]
        for name, model in learned.items()
    }
    wanted = targets[:, [int(good[1:]) for good in driver.item_ids.to_pylist()]]
    ours, theirs = evaluate.measure("new", rankings, csr_matrix(wanted), seed=1)
    overlap = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(*rankings.values(), strict=True)])
    assert ours.ndcg.mean > 0.5
    assert ours.ndcg.mean == pytest.approx(theirs.ndcg.mean, rel=0.01)
    assert overlap > 0.95
