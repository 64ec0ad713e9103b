"""The identity graph on evidence whose truth is known: seconds, growth, precision and recall, and a day on top.

Each measurement is a process of its own with an 8 GB driver, as a session would be. Evidence and results lie under
`data/bench/identity`. Where `TILLPOST_BENCH_SPLINK` names an interpreter that has the package `splink`, its clustering
(on DuckDB) labels the smallest evidence beside ours.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.identity_truth import scores, simulate
from benchmarks.processes import Scale

SIZES = (1_000_000, 10_000_000)
NEW = 100_000
GOALS = {"seconds": 240.0, "exponent": 1.1, "precision": 0.995, "recall": 0.95, "day": 0.1}
PLACE = Path("data/bench/identity")
RULES = Path("conf/identity.yaml")


SPLINK = """
import sys, time
import duckdb
from splink import DuckDBAPI
from splink.clustering import cluster_pairwise_predictions_at_threshold
session = duckdb.connect()
ends = ", ".join(f"{end}_type || ':' || {end}_value as {end[0]}" for end in ("left", "right"))
session.execute(f"create table edges as select distinct {ends} from read_parquet('{sys.argv[1]}/*.parquet')")
session.execute("create table nodes as select l as node from edges union select r from edges")
started = time.monotonic()
cluster_pairwise_predictions_at_threshold("nodes", "edges", DuckDBAPI(connection=session), "node", "l", "r")
print("seconds", time.monotonic() - started)
"""


def identity(sizes: tuple[int, ...] = SIZES) -> dict[str, Any]:
    """Resolve each size from nothing, then a day on top of the largest, and label its components alone."""
    runs = {str(size): _apart(size) for size in sizes}
    small, large = (runs[str(size)] for size in (sizes[0], sizes[-1]))
    growth = (
        math.log(large["seconds"] / small["seconds"]) / math.log(sizes[-1] / sizes[0])
        if len(sizes) > 1
        else None
    )
    splink = _splink(PLACE / str(sizes[0]))
    return {
        "runs": runs,
        "exponent": growth,
        "splink": splink,
        "command": "python -m benchmarks --only identity",
    }


def _splink(place: Path) -> float | None:
    """The peer's seconds; null where it is not installed."""
    interpreter = os.environ.get("TILLPOST_BENCH_SPLINK")
    if not interpreter:
        return None
    ran = subprocess.run([interpreter, "-c", SPLINK, str(place)], capture_output=True, text=True, check=True)
    return round(float(ran.stdout.split("seconds ")[-1]), 1)


def _apart(size: int) -> dict[str, Any]:
    """One size in a process of its own, weighed."""
    out = PLACE / f"{size}.json"
    with subprocess.Popen([sys.executable, "-m", "benchmarks.identity", str(size), str(out)]) as process:
        scale = Scale(process.pid)
        scale.start()
        code = process.wait()
        scale.stop()
    if code:
        raise SystemExit(f"bench: resolving {size} edges ended with exit code {code}")
    measured: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return {**measured, "peak_bytes": scale.peak, "jvm_bytes": scale.jvm}


def run(size: int) -> dict[str, Any]:
    """All measurements of one size."""
    from pipelines.identity import load, resolution, update
    from pipelines.lakehouse.session import spark_session, stop
    from pipelines.settings import load as settings

    place = PLACE / str(size)
    place.mkdir(parents=True, exist_ok=True)
    known = simulate(size, seed=7)
    by_day = known.edges.take(pc.sort_indices(known.edges["observed_at"]))
    new = max(1, min(NEW, by_day.num_rows // 10))
    pq.write_table(by_day.slice(0, by_day.num_rows - new), place / "edges.parquet")
    pq.write_table(by_day.slice(by_day.num_rows - new), place / "new.parquet")
    alone, edges = _timed(partial(_scipy, by_day)), by_day.num_rows
    del by_day
    rules = load(RULES)
    spark = spark_session(
        settings(sets=["spark.driver_memory=8g", "spark.shuffle_partitions=16", f"lake.root={place}"]).spark,
        app_name="benchmarks.identity",
    )
    spark.range(10).mapInArrow(lambda batches: batches, "id long").count()  # starts the workers
    history, day = (spark.read.parquet(str(place / f"{name}.parquet")) for name in ("edges", "new"))

    def write(found: Any, name: str) -> None:
        found.identifiers.write.mode("overwrite").parquet(str(place / f"{name}.identifiers"))
        found.components.write.mode("overwrite").parquet(str(place / f"{name}.components"))

    seconds = _timed(lambda: write(resolution(history, rules), "history"))
    before = spark.read.parquet(str(place / "history.components"))
    on_top = _timed(lambda: write(update(history.unionByName(day), before, day, rules), "day"))
    touched = spark.read.parquet(str(place / "day.components")).count()
    found = _standing(place)
    stop(spark)
    return {
        "edges": edges - new,
        "new": new,
        "seconds": seconds,
        "day_seconds": on_top,
        "day_touched": touched,
        "scipy_seconds": alone,
        "scores": [list(row) for row in scores(known.owners, found)],
    }


def _scipy(edges: pa.Table) -> None:
    """The labels alone, without any rule, in this process."""
    from pipelines.identity.labels import labels

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
