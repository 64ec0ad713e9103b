"""Splink's clustering (its public function, on DuckDB) of a folder of edges: its seconds, reading not counted.

Run in an environment that has Splink, which is none of ours: `benchmarks.identity` makes one.
"""

from __future__ import annotations

import sys
import time

import duckdb
from splink import DuckDBAPI
from splink.clustering import cluster_pairwise_predictions_at_threshold

ENDS = "left_type || ':' || left_value AS l, right_type || ':' || right_value AS r"


def main(edges: str) -> None:
    """Label the nodes of all edges under a path, which may have a `*`."""
    session = duckdb.connect()
    session.execute(f"CREATE TABLE edges AS SELECT DISTINCT {ENDS} FROM read_parquet('{edges}')")
    session.execute("CREATE TABLE nodes AS SELECT l AS node FROM edges UNION SELECT r FROM edges")
    started = time.monotonic()
    found = cluster_pairwise_predictions_at_threshold(
        "nodes", "edges", DuckDBAPI(connection=session), "node", "l", "r"
    )
    (sizes,) = found.as_duckdbpyrelation().aggregate("count(*), count(DISTINCT cluster_id)").fetchall()
    print(f"{sizes[0]} nodes in {sizes[1]} clusters took {time.monotonic() - started:.2f} s")


if __name__ == "__main__":
    main(sys.argv[1])
