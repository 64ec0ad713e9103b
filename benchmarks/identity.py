"""The identity graph on evidence whose truth is known: seconds, growth, precision and recall, and a day on top.

The day is the newest evidence of as many persons as the smallest size has, so that what it touches is the same on each.

Each size is a process of its own, with the engine and memory of `conf/local.yaml`, as a session would be. Evidence and
results lie under `data/bench/identity`.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from benchmarks.identity_truth import scores, simulate
from benchmarks.kept import Kept
from benchmarks.processes import exponent, measured
from pipelines.context import session
from pipelines.identity import Resolution, Rules, load, resolution, update
from pipelines.identity.labels import labels
from pipelines.settings import load as settings

SIZES = (1_000_000, 10_000_000)
NEW = 100_000
GOALS = {"seconds": 240.0, "exponent": 1.1, "precision": 0.995, "recall": 0.95, "day": 0.1, "day_growth": 1.2}
PLACE = Path("data/bench/identity")
RULES = Path("conf/identity.yaml")


SPLINK = ("splink==4.0.17", "duckdb==2.0.0")
"""The peer, in an environment that uv makes for it and keeps in its cache."""


def identity(sizes: tuple[int, ...] = SIZES) -> dict[str, Any]:
    """Resolve each size from nothing and a day on top, and label the components of the smallest with Splink.

    Killed and called again, it goes on with the row that it had come to.
    """
    kept = Kept(PLACE)
    runs = {str(size): kept.once(str(size), partial(_apart, size)) for size in sizes}
    splink = kept.once("splink", lambda: _splink(PLACE / str(sizes[0])))
    kept.forget("splink", *runs)
    growth = [(run["edges"], run["seconds"]) for run in runs.values()]
    return {
        "runs": runs,
        "exponent": exponent(growth),
        "day_growth": runs[str(sizes[-1])]["day_seconds"] / runs[str(sizes[0])]["day_seconds"],
        "splink": splink,
        "command": "python -m benchmarks --only identity",
    }


def _splink(place: Path) -> dict[str, Any]:
    """The peer's seconds for the labels of the edges from nothing; what it does otherwise is not counted."""
    uv = Path(sys.executable).with_name("uv")
    packages = [word for package in SPLINK for word in ("--with", package)]
    alone = ["run", "--quiet", "--no-project", "--isolated", "--python", sys.executable, *packages]
    peer = Path(__file__).with_name("peers") / "identity_splink.py"
    ran = measured([str(uv), *alone, str(peer), str(place / "edges.parquet")])
    found = re.search(r"(\d+) nodes in (\d+) clusters took ([\d.]+) s", ran.lines[-1])
    if not found:
        raise SystemExit(f"bench: Splink said {ran.lines[-1]}")
    return {"nodes": int(found[1]), "clusters": int(found[2]), "seconds": float(found[3])}


def _apart(size: int) -> dict[str, Any]:
    """One size in a process of its own, weighed."""
    out = PLACE / f"{size}.json"
    ran = measured([sys.executable, "-m", "benchmarks.identity", str(size), str(out)])
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return {**found, "peak_bytes": ran.peak_bytes, "jvm_bytes": ran.jvm_bytes}


def run(size: int) -> dict[str, Any]:
    """All measurements of one size."""
    place = PLACE / str(size)
    place.mkdir(parents=True, exist_ok=True)
    known = simulate(size, seed=7)
    by_day = known.edges.take(pc.sort_indices(known.edges["observed_at"]))
    theirs = pc.indices_nonzero(
        pc.less(by_day["person"], SIZES[0] // 8)
    )  # so the day is as large whatever the size
    new = max(1, min(NEW, by_day.num_rows // 10))
    is_new = np.isin(np.arange(by_day.num_rows), theirs[-new:])
    for name, rows in (("edges", ~is_new), ("new", is_new)):
        pq.write_table(by_day.filter(pa.array(rows)).drop_columns("person"), place / f"{name}.parquet")
    alone, edges = _timed(partial(_scipy, by_day)), by_day.num_rows
    del by_day
    rules = load(RULES)
    local = settings(Path("conf/local.yaml"), ["spark.driver_memory=8g", "spark.shuffle_partitions=16"])
    with session(local, app_name="benchmarks.identity") as spark:
        found = _resolved(spark, place, rules)
    return {
        "edges": edges - new,
        "new": new,
        **found,
        "scipy_seconds": alone,
        "scores": [list(row) for row in scores(known.owners, _standing(place))],
    }


def _resolved(spark: SparkSession, place: Path, rules: Rules) -> dict[str, Any]:
    """From nothing, and the day on top."""
    spark.range(10).mapInArrow(lambda batches: batches, "id long").count()  # starts the workers
    history, day = (spark.read.parquet(str(place / f"{name}.parquet")) for name in ("edges", "new"))

    def write(found: Resolution, name: str) -> None:
        found.identifiers.write.mode("overwrite").parquet(str(place / f"{name}.identifiers"))
        found.components.write.mode("overwrite").parquet(str(place / f"{name}.components"))

    seconds = _timed(lambda: write(resolution(history, rules), "history"))
    before = spark.read.parquet(str(place / "history.components"))
    on_top = _timed(lambda: write(update(history.unionByName(day), before, day, rules), "day"))
    touched = spark.read.parquet(str(place / "day.components")).count()
    return {"seconds": seconds, "day_seconds": on_top, "day_touched": touched}


def _scipy(edges: pa.Table) -> None:
    """The labels alone, without any rule, in this process."""
    ends = (
        pc.binary_join_element_wise(edges[f"{end}_type"], edges[f"{end}_value"], ":")
        for end in ("left", "right")
    )
    labels(*ends)


def _standing(place: Path) -> pa.Table:
    """Who has which person after the day: the day's rows, and those of the history that it did not touch."""
    tables = {name: pq.read_table(place / f"{name}.identifiers") for name in ("history", "day")}
    current = {}
    for name, table in tables.items():
        rows = table.filter(pc.is_null(table["valid_to"]))
        node = pc.binary_join_element_wise(rows["identifier_type"], rows["identifier_value"], ":")
        current[name] = pa.table({"node": node, "person_id": rows["person_id"]})
    touched = pq.read_table(place / "day.components")["node"].combine_chunks()
    untouched = pc.invert(pc.is_in(current["history"]["node"], value_set=touched))
    return pa.concat_tables([current["history"].filter(untouched), current["day"]])


def _timed(work: Callable[[], None]) -> float:
    started = time.monotonic()
    work()
    return round(time.monotonic() - started, 1)


if __name__ == "__main__":
    Path(sys.argv[2]).parent.mkdir(parents=True, exist_ok=True)
    Path(sys.argv[2]).write_text(json.dumps(run(int(sys.argv[1]))), encoding="utf-8")
