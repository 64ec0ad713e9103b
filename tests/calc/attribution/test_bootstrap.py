"""Intervals hold what they say, repeat, and are exact where nothing varies."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipelines.calc.attribution.bootstrap import BUCKETS, Spread, spreads
from pipelines.calc.attribution.sums import Plan, sums

PLAN = Plan(("shapley",), (1,))
LABELS = {"shapley": "shapley", "markov": "markov_1"}


def dealt(paths_of: list[list[tuple[list[str], int, int]]]) -> pa.Table:
    """Sums by bucket; a path is its channels, its conversions and its nulls."""
    parts = []
    for bucket, paths in enumerate(paths_of):
        table = pa.table(
            {
                "path": pa.array([path for path, _, _ in paths], pa.list_(pa.string())),
                "conversions": [bought for _, bought, _ in paths],
                "nulls": [null for _, _, null in paths],
                "value": [10 * bought for _, bought, _ in paths],
            }
        )
        found = sums(table, PLAN)
        parts.append(found.append_column("bucket", pa.array(np.full(len(found), bucket))))
    return pa.concat_tables(parts)


def test_without_variation_there_is_no_spread() -> None:
    alike = dealt([[(["a", "b"], 1, 0), (["a"], 0, 1)]] * BUCKETS)
    found = spreads(alike, PLAN, LABELS, 20)
    assert found["shapley", "a"] == Spread((50.0, 50.0), (500.0, 500.0))
    assert found["markov", "b"] == Spread((50.0, 50.0), (500.0, 500.0))  # without either nobody buys


def test_a_sum_over_customers_has_the_spread_of_a_poisson_count() -> None:
    """One purchase in every second bucket: 50 in all, about 50 ± 1.96 √25 by the draw of buckets."""
    halves = dealt([[(["a"], bucket % 2, 1 - bucket % 2)] for bucket in range(BUCKETS)])
    low, high = spreads(halves, PLAN, {"shapley": "shapley"}, 1_000)["shapley", "a"].purchases
    assert abs(low - 40.2) < 1.5
    assert abs(high - 59.8) < 1.5
    assert spreads(halves, PLAN, LABELS, 20) == spreads(halves, PLAN, LABELS, 20)


def test_a_channel_that_most_replicates_lack_is_nothing_in_them() -> None:
    rare = dealt([[(["a"], 1, 0)]] * (BUCKETS - 1) + [[(["rare"], 1, 0)]])
    low, high = spreads(rare, PLAN, {"shapley": "shapley"}, 200)["shapley", "rare"].purchases
    assert low == 0
    assert 2 <= high <= 4
