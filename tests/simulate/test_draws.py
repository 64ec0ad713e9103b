"""Draws have the distributions they are named after, and lean on nothing but seed, purpose and ids."""

from __future__ import annotations

from math import exp, factorial, log, sqrt

import numpy as np
import pytest
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F
from scipy import stats

from pipelines.simulate.draws import Draws, choice, geometric, poisson, rank

pytestmark = pytest.mark.spark

COUNT = 40_000
DRAWS = Draws(7)
SURE = 1e-6
"""The draws never change, so a test that passes once passes for ever; a p-value below this says they are wrong."""


def drawn(spark: SparkSession, **columns: Column) -> dict[str, np.ndarray]:
    table = spark.range(COUNT).select(*(c.alias(n) for n, c in columns.items())).toPandas()
    return {name: table[name].to_numpy() for name in columns}


def fits(values: np.ndarray, probabilities: list[float]) -> bool:
    """Whether counts of 0, 1, ... fit these probabilities; what is left over is one more cell."""
    counts = np.bincount(np.minimum(values, len(probabilities)).astype(int), minlength=len(probabilities) + 1)
    expected = np.array([*probabilities, max(1 - sum(probabilities), 1e-9)]) * len(values)
    kept = expected > 5
    if not kept.all():
        counts, expected = (
            np.append(counts[kept], counts[~kept].sum()),
            np.append(expected[kept], expected[~kept].sum()),
        )
    statistic = ((counts - expected) ** 2 / np.maximum(expected, 1)).sum()
    return bool(stats.chi2.sf(statistic, len(counts) - 1) > SURE)


def test_distributions(spark: SparkSession) -> None:
    one = F.col("id")
    found = drawn(
        spark,
        uniform=DRAWS.uniform("a", one),
        other=DRAWS.uniform("b", one),
        seeded=Draws(8).uniform("a", one),
        pair=DRAWS.uniform("a", one, F.lit(0)),
        normal=DRAWS.normal(5, 2, "n", one),
        geometric=geometric(DRAWS.uniform("g", one), 3.0),
        poisson=poisson(DRAWS.uniform("p", one), 1.5),
        choice=choice(DRAWS.uniform("c", one), (1, 3, 6)),
        rank=rank(DRAWS.uniform("r", one), 20),
        below=DRAWS.below(6, "d", one),
    )
    assert stats.kstest(found["uniform"], "uniform").pvalue > SURE
    assert stats.kstest(found["normal"], "norm", (5, 2)).pvalue > SURE
    assert fits(found["geometric"], [0.25 * 0.75**k for k in range(25)])
    assert fits(found["poisson"], [exp(-1.5) * 1.5**k / factorial(k) for k in range(8)])
    assert fits(found["choice"], [0.1, 0.3, 0.6])
    assert fits(found["rank"], [log((r + 2) / (r + 1)) / log(21) for r in range(20)])
    assert fits(found["below"], [1 / 6] * 6)
    for name in ("other", "seeded", "pair"):
        between = np.corrcoef(found["uniform"], found[name])[0, 1]
        assert abs(between) < 5 / sqrt(COUNT), f"{name} leans on the draw beside it"
    assert abs(np.corrcoef(found["uniform"][1:], found["uniform"][:-1])[0, 1]) < 5 / sqrt(COUNT), "neighbours"


def test_the_check_of_distributions_sees_a_wrong_one() -> None:
    halves = np.repeat([0, 1], 5000)
    assert fits(halves, [0.5, 0.5])
    assert not fits(halves, [0.53, 0.47])


def test_partitions_change_nothing(spark: SparkSession) -> None:
    def of(partitions: int) -> list[int]:
        rows = spark.range(0, 500, 1, partitions).repartition(partitions + 1)
        return [r[1] for r in sorted(rows.select("id", DRAWS.bits("a", F.col("id"))).collect())]

    assert of(1) == of(3)


def test_a_poisson_mean_has_limits() -> None:
    with pytest.raises(ValueError, match="31"):
        poisson(F.lit(0.5), 31)
