"""How sure credits are that were finished over many customers: the bootstrap over buckets of customers.

Customers are dealt into buckets by a hash, and sums are kept by bucket. A replicate draws as many buckets as there are,
with replacement, and is finished anew, chain and all; the middle share of the replicates is the interval. A customer's
paths stay together, so that what one person does many times is not taken for many people.

Sources: Efron and Tibshirani, "An introduction to the bootstrap" (1993), chapter 13, for percentile intervals;
Chamandy et al., "Estimating uncertainty for massive data streams" (2012), section 4, for buckets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.calc.attribution.finish import credits
from pipelines.calc.attribution.paths import AMOUNT, Floats
from pipelines.calc.attribution.sums import SUMMED, Plan

BUCKETS = 100
_SEED = 20160817
Between = tuple[float, float]


@dataclass(frozen=True)
class Spread:
    """Where a credit lies in most replicates: its purchases, and its value."""

    purchases: Between
    value: Between


def spreads(
    sums: pa.Table, plan: Plan, labels: Mapping[str, str], replicates: int, confidence: float = 0.95
) -> dict[tuple[str, str], Spread]:
    """By model and channel, the percentile interval of its credits.

    Args:
        sums: As `sums.SCHEMA`, and `bucket`, from 0 to below `BUCKETS`.
        plan: What the sums were taken for.
        labels: As of `finish.credits`.
        replicates: How many samples are drawn; the same for the same number.
        confidence: The share of replicates inside.
    """
    keys = sums.group_by(["model", "key"]).aggregate([])
    keys = keys.sort_by([("model", "ascending"), ("key", "ascending")]).combine_chunks()
    place = _places(sums, keys)
    buckets = sums["bucket"].to_numpy()
    matrices = {name: np.zeros((len(keys), BUCKETS)) for name in SUMMED}
    for name, matrix in matrices.items():
        np.add.at(matrix, (place, buckets), sums[name].cast(pa.float64()).to_numpy())
    draws = np.random.default_rng(_SEED).multinomial(BUCKETS, np.full(BUCKETS, 1 / BUCKETS), replicates)
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for draw in draws:
        for credit in credits(_drawn(keys, matrices, draw.astype(np.float64)), plan, labels):
            found.setdefault((credit.model, credit.channel), []).append(
                (credit.conversions, float(credit.value))
            )
    return {key: _spread(values, replicates, confidence) for key, values in found.items()}


def _places(sums: pa.Table, keys: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Of each row, the place of its model and key."""
    numbered = keys.append_column("place", pa.array(np.arange(len(keys))))
    there = sums.select(["model", "key"]).append_column("row", pa.array(np.arange(len(sums))))
    joined = there.join(numbered, keys=["model", "key"])
    found = np.empty(len(sums), dtype=np.int64)
    found[joined["row"].to_numpy()] = joined["place"].to_numpy()
    return found


def _drawn(keys: pa.Table, matrices: Mapping[str, Floats], draw: Floats) -> pa.Table:
    amounts = {name: pa.array(matrix @ draw).cast(AMOUNT, safe=False) for name, matrix in matrices.items()}
    table = pa.table({"model": keys["model"], "key": keys["key"], **amounts})
    nothing = [pc.equal(table[name], pa.scalar(0, pa.int64()).cast(AMOUNT)) for name in SUMMED]
    named = pc.equal(table["model"], "channel")
    empty = pc.and_(pc.and_(nothing[0], nothing[1]), nothing[2])
    return table.filter(pc.or_(named, pc.invert(empty)))


def _spread(values: list[tuple[float, float]], replicates: int, confidence: float) -> Spread:
    """A replicate without the channel gives it nothing."""
    filled = np.zeros((replicates, 2))
    filled[: len(values)] = values
    tail = 100 * (1 - confidence) / 2
    low, high = np.percentile(filled, [tail, 100 - tail], axis=0)
    return Spread((float(low[0]), float(high[0])), (float(low[1]), float(high[1])))
