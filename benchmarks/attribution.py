"""Markov attribution of a million paths: seconds beside a peer's, distance from a dense solve, and growth.

The peer is the package `channelattribution`, which simulates walks. It is an extra (`pip install .[bench]`); where
it stands in another environment, `TILLPOST_BENCH_PEER` names that one's interpreter.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.foundation import SCRATCH
from pipelines.calc.attribution import attribute
from pipelines.lakehouse.sail import sail_session

PLACE = SCRATCH / "attribution"
PATHS, CHANNELS, CONVERSIONS = 1_000_000, 200, 0.1
TOUCHES = (10_000_000, 100_000_000)
GOALS = {"times faster": 20.0, "off": 1e-9, "exponent": 1.1}
PEER = """
import sys, time
import pandas as pd
from ChannelAttribution import markov_model
data = pd.read_parquet(sys.argv[1])
data["path"] = data["path"].map(" > ".join)
started = time.monotonic()
markov_model(data, "path", "conversions", "value", "nulls", sep=">", verbose=False, flg_pro=False)
print("seconds", time.monotonic() - started)
"""


def attribution() -> dict[str, Any]:
    """Our seconds and the peer's on the same paths, exactness, and seconds by the number of touches."""
    PLACE.mkdir(parents=True, exist_ok=True)
    file, table = PLACE / "paths.parquet", paths(PATHS)
    pq.write_table(table, file)
    peer = peer_seconds(file)
    known = table.to_pandas()
    pandas_first, pandas = (_timed(known)[0] for _ in range(2))
    with sail_session(shuffle_partitions=2) as session:
        frame = session.read.parquet(str(file.absolute()))
        first, found = _timed(frame)
        again, _ = _timed(frame)
        growth = [(touches, _timed(simulated(session, touches))[0]) for touches in TOUCHES]
    return {
        "paths": PATHS,
        "channels": CHANNELS,
        "peer": peer,
        "pandas_first": pandas_first,
        "pandas": pandas,
        "first": first,
        "again": again,
        "off": distance(table, found),
        "growth": growth,
        "command": "python -m benchmarks --only attribution",
    }


def paths(count: int, seed: int = 7) -> pa.Table:
    """Paths of four touches on average, popular and rare channels, a tenth of which end in a purchase."""
    draws = np.random.default_rng(seed)
    popularity = draws.dirichlet(np.full(CHANNELS, 0.5))
    lengths = draws.geometric(0.25, count).clip(max=20)
    codes = draws.choice(CHANNELS, int(lengths.sum()), p=popularity)
    names = pa.array([f"channel {number:03d}" for number in range(CHANNELS)])
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
    bought = (draws.random(count) < CONVERSIONS).astype(np.int64)
    columns = {
        "path": pa.ListArray.from_arrays(offsets, names.take(pa.array(codes))),
        "conversions": bought,
        "value": np.round(bought * draws.gamma(2, 30, count), 2),
        "nulls": 1 - bought,
    }
    return pa.table(columns)


def simulated(session: SparkSession, touches: int) -> DataFrame:
    """As many touches on paths of five, drawn by hashes where they are needed; nothing is stored."""
    place = F.sequence(F.lit(0), F.lit(4))
    channel = F.transform(
        place, lambda one: F.concat(F.lit("channel "), F.pmod(F.xxhash64("id", one), F.lit(CHANNELS)))
    )
    bought = F.pmod(F.xxhash64("id"), F.lit(10)) == 0
    return session.range(touches // 5).select(
        channel.alias("path"),
        bought.cast("long").alias("conversions"),
        F.when(bought, F.lit(50)).otherwise(0).alias("value"),
        (~bought).cast("long").alias("nulls"),
    )


def _timed(frame: DataFrame | pd.DataFrame) -> tuple[float, dict[str, float]]:
    started = time.monotonic()
    credits = attribute(frame, "markov")
    rows = credits if isinstance(credits, pd.DataFrame) else credits.toPandas()
    seconds = time.monotonic() - started
    return seconds, dict(zip(rows["channel"], rows["removal_effect"], strict=True))


def peer_seconds(file: Path) -> float | None:
    """Seconds of the peer, reading not counted; null where it is not installed."""
    python = os.environ.get("TILLPOST_BENCH_PEER", sys.executable)
    done = subprocess.run([python, "-c", PEER, str(file)], capture_output=True, text=True, check=False)
    if "No module named 'ChannelAttribution'" in done.stderr:
        return None
    if done.returncode:
        raise SystemExit(f"The peer failed:\n{done.stderr}")
    return float(done.stdout.rsplit("seconds", 1)[1])


def distance(table: pa.Table, found: dict[str, float]) -> float:
    """The largest difference between removal effects found and those of solving again without each channel."""
    steps: Counter[tuple[str, str]] = Counter()
    for path, bought in zip(table["path"].to_pylist(), table["conversions"].to_pylist(), strict=True):
        steps.update(zip(["", *path], [*path, "bought" if bought else "lost"], strict=True))
    states = sorted({origin for origin, _ in steps})
    index = {state: place for place, state in enumerate(states)}
    chances, gains = np.zeros((len(states), len(states))), np.zeros(len(states))
    for (origin, target), count in steps.items():
        if target in index:
            chances[index[origin], index[target]] = count
        elif target == "bought":
            gains[index[origin]] = count
    leaving = np.zeros(len(states))
    for (origin, _), count in steps.items():
        leaving[index[origin]] += count
    system, gains = np.eye(len(states)) - chances / leaving[:, None], gains / leaving
    everything = np.linalg.solve(system, gains)[index[""]]
    off = []
    for channel in states[1:]:
        without, rest = system.copy(), gains.copy()
        without[index[channel]] = np.eye(len(states))[index[channel]]
        rest[index[channel]] = 0
        off.append(abs(1 - np.linalg.solve(without, rest)[index[""]] / everything - found[channel]))
    return float(max(off))


if __name__ == "__main__":
    print(json.dumps(attribution(), indent=1))
