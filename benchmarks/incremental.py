"""Whether intervals of what mails caused hold the truth: a hundred simulated worlds, each with its own holdout.

In each world people are compared as they were assigned, over all purchases from their first planned mail to the end of
the world. The truth is what the mails were drawn to cause: the mean over the people of the sum of their mails' uplifts.
"""

from __future__ import annotations

import json
import sys
import tempfile
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipelines.calc.experiment import Moments, compare_means
from pipelines.lakehouse.sail import sail_session
from pipelines.simulate.happenings import happenings
from pipelines.simulate.world import World

SEEDS, GOAL = 100, 93
NUMBERS = {"households": 300, "start": "2024-01-01", "days": 35, "stores": 5, "web": 0.0, "faults": 0.0}


def incremental(seeds: int = SEEDS) -> dict[str, Any]:
    """In how many worlds the interval of purchases per person holds the truth."""
    with sail_session(shuffle_partitions=2) as session:
        found = [one(session, seed) for seed in range(1, seeds + 1)]
    return {
        "seeds": seeds,
        "held": sum(low <= truth <= high for truth, low, high in found),
        "goal": GOAL * seeds / SEEDS,
        "mean truth": sum(truth for truth, _, _ in found) / seeds,
        "mean width": sum(high - low for _, low, high in found) / seeds,
        "command": "python -m benchmarks --only incremental",
    }


def one(session: SparkSession, seed: int) -> tuple[float, float, float]:
    """The true effect on purchases per person, and the ends of its interval, in the world of one seed."""
    world = World.checked(seed=seed, **NUMBERS)
    with tempfile.TemporaryDirectory() as work, happenings(session, world, work) as frames:
        planned = frames.mails.groupBy("person").agg(
            F.min("sent_at").alias("since"),
            F.max("treated").alias("treated"),
            F.sum(F.when(F.col("bought_on") < world.days, F.col("uplift")).otherwise(0.0)).alias("uplift"),
        )
        bought = frames.purchases.select("person", "at")
        after = (F.col("at") > F.col("since")).cast("long")
        people = (
            planned.join(bought, on="person", how="left")
            .groupBy("person", "treated", "uplift")
            .agg(F.coalesce(F.sum(after), F.lit(0)).alias("purchases"))
        )
        rows = people.groupBy("treated").agg(
            F.count(F.lit(1)).alias("n"),
            F.sum("purchases").alias("sum"),
            F.sum(F.col("purchases") * F.col("purchases")).alias("squares"),
            F.sum("uplift").alias("uplift"),
        )
        arms = {row["treated"]: row for row in rows.collect()}  # two rows
    mailed, held_out = (Moments(arms[t]["n"], arms[t]["sum"], arms[t]["squares"]) for t in (True, False))
    interval = compare_means(held_out, mailed).absolute_interval
    if interval is None:
        raise SystemExit(f"The world of seed {seed} has no interval: too few people were left out")
    people_there = mailed.n + held_out.n
    return sum(row["uplift"] for row in arms.values()) / people_there, *interval


if __name__ == "__main__":
    print(json.dumps(incremental(int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS), indent=1))
