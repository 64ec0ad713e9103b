"""Connected components: which identifiers hang together, whatever the evidence is worth.

Large graphs are contracted on DataFrames until what is left fits the driver, where scipy ends it. Each round every node
goes to the node of least rank among itself and its neighbours, under ranks that are another hash in each round; about
half of the nodes are left after it, on a chain too (H. Bögeholz, M. Brand, R. Todor: "In-database connected component
analysis", ICDE 2020).
"""

from __future__ import annotations

import re
import sys
from functools import reduce

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pipelines.errors import SystemFault
from pipelines.identity.evidence import EDGE, required
from pipelines.identity.rules import SEPARATOR

DRIVER_EDGES = 20_000_000
"""Up to so many edges the driver labels by itself: 20 million take it 14 seconds and 1 GB."""
_EDGE_BYTES = 400
"""Of an edge as it comes to the driver, contracted: both ways, each two tokens with their types."""
_SPARKS = {"spark.driver.maxResultSize": "1g", "spark.driver.memory": "8g"}
"""What Spark's driver takes of an action at most, and its heap; with what we say where nothing else is said."""
MESSAGE_BYTES = 32 << 20
"""Labels that come back from the driver go into the session in parts of at most so many bytes."""
_ROUNDS = 200
LABELS = pa.schema([("node", pa.string()), ("component", pa.string())])


def components(edges: DataFrame, *, driver_edges: int = DRIVER_EDGES) -> DataFrame:
    """One row per node: the smallest node that it hangs together with.

    No rule is applied; `resolve` gives persons. A row of which one end is null, or both are the same, is a node alone;
    one without any end is nothing.

    Args:
        edges: `left` and `right`, taken as text; or `left_type`, `left_value`, `right_type`, `right_value`, whose
            nodes are called `type:value`. Other columns are not looked at.
        driver_edges: From how many edges on they are contracted on DataFrames before the driver takes them; or from
            as many as Spark's driver has memory for, where that is less.

    Returns:
        `node`, `component`. The graph's edges are computed once, when this is called.

    Raises:
        DataError: a column is missing.
        SystemFault: the contraction does not come to an end, which a graph cannot bring about.
    """
    pairs = _pairs(edges).localCheckpoint()
    return connected(pairs, pairs.count(), driver_edges)


def connected(pairs: DataFrame, count: int, driver_edges: int) -> DataFrame:
    """As `components`, of `left` and `right` (null: alone) that are cheap to read again, and that are `count` rows."""
    pairs = pairs.select("left", F.coalesce("right", "left").alias("right"))
    most = min(driver_edges, _room(pairs.sparkSession))
    if count <= most:
        return _in_driver(pairs)
    return _contracted(pairs, count, most)


def _room(spark: SparkSession) -> int:
    """How many edges the session's driver has memory for; an engine without a JVM has no heap, and no master."""
    if not spark.conf.get("spark.master", ""):
        return sys.maxsize
    said = (spark.conf.get(name, usual) or usual for name, usual in _SPARKS.items())
    return edges_at_once(*said)


def edges_at_once(results: str, heap: str) -> int:
    """How many edges fit Spark's driver: into what it takes of one action, and into half of its heap.

    Args:
        results: `spark.driver.maxResultSize`; 0 is without a limit.
        heap: `spark.driver.memory`.

    >>> edges_at_once("1g", "8g"), edges_at_once("1g", "1g"), edges_at_once("0", "1024m")
    (2684354, 1342177, 1342177)
    """
    return min(_bytes(results) or _bytes(heap), _bytes(heap) // 2) // _EDGE_BYTES


def _bytes(size: str) -> int:
    """A size as Spark writes it; a bare number is bytes."""
    found = re.fullmatch(r"(\d+)([kmgt]?)b?", size.strip().lower())
    if found is None:
        raise ValueError(f"{size!r} is no size as Spark writes it")
    number, unit = found.groups()
    return int(number) << {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}[unit]


def labels(left: pa.ChunkedArray, right: pa.ChunkedArray) -> pa.Table:
    """The same of Arrow columns, in this process.

    >>> found = labels(pa.chunked_array([["a", "c", "e"]]), pa.chunked_array([["b", "b", None]]))
    >>> dict(zip(*(column.to_pylist() for column in found.columns)))
    {'a': 'a', 'c': 'a', 'e': 'e', 'b': 'a'}
    """
    rows = len(left)
    if not rows:
        return LABELS.empty_table()
    names, codes = numbered(pa.chunked_array([*left.chunks, *right.chunks], pa.string()))
    one, other = codes[:rows], codes[rows:]
    other = np.where(other < 0, one, other)
    size = len(names)
    graph = coo_array((np.ones(rows, dtype=np.int8), (one, other)), shape=(size, size))
    number, component = connected_components(graph, directed=False)
    smallest = np.full(number, size, dtype=np.int64)
    by_text = pc.array_sort_indices(names).to_numpy()
    smallest[component[by_text[::-1]]] = by_text[::-1]  # of several the last one written stands: the smallest
    return pa.table([names, names.take(pa.array(smallest[component]))], schema=LABELS)


def numbered(names: pa.ChunkedArray) -> tuple[pa.Array, npt.NDArray[np.int64]]:
    """The distinct names, and of each row the place of its name; -1 for null.

    In one chunk, since chunks would be encoded each by itself: what an engine gives has thousands of them, and to make
    their dictionaries one takes chunks times names (53 s of 1 M edges' 60).
    """
    whole = names.cast(pa.large_string()).combine_chunks()
    whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) and whole.num_chunks else whole
    if not len(whole):
        return pa.array([], pa.string()), np.empty(0, dtype=np.int64)
    encoded = whole.dictionary_encode()
    return encoded.dictionary.cast(pa.string()), encoded.indices.fill_null(-1).to_numpy().astype(np.int64)


def _pairs(edges: DataFrame) -> DataFrame:
    left, right = F.col("left").cast("string"), F.col("right").cast("string")
    if "left_type" in edges.columns:
        required(edges, EDGE[:4])
        left, right = (
            F.concat(F.col(f"{end}_type"), F.lit(SEPARATOR), F.col(f"{end}_value"))
            for end in ("left", "right")
        )
    else:
        required(edges, ("left", "right"))
    there = F.coalesce(left, right)
    return edges.select(there.alias("left"), F.coalesce(right, left).alias("right")).where(
        F.col("left").isNotNull()
    )


def _in_driver(pairs: DataFrame) -> DataFrame:
    rows = pairs.toArrow()
    return _given(pairs.sparkSession, labels(rows["left"], rows["right"]))


def _given(spark: SparkSession, table: pa.Table) -> DataFrame:
    """The rows as a frame, handed over in parts, since a plan that holds them all may be too large for one message."""
    schema, parts = from_arrow_schema(table.schema), -(-table.nbytes // MESSAGE_BYTES)
    if parts <= 1:
        return spark.createDataFrame(table, schema)
    rows = -(-len(table) // parts)
    slices = (table.slice(start, rows).combine_chunks() for start in range(0, len(table), rows))
    return reduce(
        DataFrame.unionByName, (spark.createDataFrame(part, schema).localCheckpoint() for part in slices)
    )


def _contracted(pairs: DataFrame, count: int, driver_edges: int) -> DataFrame:
    nodes = pairs.select(F.col("left").alias("node")).union(pairs.select("right")).distinct()
    head = nodes.select("node", F.col("node").alias("head")).localCheckpoint()
    left = _both_ways(pairs).localCheckpoint()
    for turn in range(_ROUNDS):
        count = left.count()
        if count <= driver_edges * 2:
            break
        step = _step(left, turn).localCheckpoint()
        head = _followed(head, step).localCheckpoint()
        left = _shrunk(left, step).localCheckpoint()
    else:
        raise SystemFault(
            f"{count} edges are left after {_ROUNDS} rounds of contraction",
            remedy="Report this: it is a bug.",
        )
    if count:
        last = _in_driver(left.select("left", "right")).withColumnRenamed("component", "to")
        head = _followed(head, last.select(F.col("node").alias("from"), "to"))
    smallest = head.groupBy("head").agg(F.min("node").alias("component"))
    return head.join(smallest, on="head", how="inner").select("node", "component")


def _both_ways(pairs: DataFrame) -> DataFrame:
    apart = pairs.where(F.col("left") != F.col("right"))
    back = apart.select(F.col("right").alias("left"), F.col("left").alias("right"))
    return apart.unionByName(back).distinct()


def _step(left: DataFrame, turn: int) -> DataFrame:
    """Of each node the node of least rank among itself and its neighbours."""

    def ranked(node: str) -> Column:
        return F.struct(F.xxhash64(F.lit(turn), F.col(node)).alias("rank"), F.col(node).alias("node"))

    nearest = left.groupBy("left").agg(F.min(ranked("right")).alias("nearest"))
    return nearest.select(F.col("left").alias("from"), F.least("nearest", ranked("left"))["node"].alias("to"))


def _followed(head: DataFrame, step: DataFrame) -> DataFrame:
    moved = step.withColumnRenamed("from", "head")
    return head.join(moved, on="head", how="left").select("node", F.coalesce("to", "head").alias("head"))


def _shrunk(left: DataFrame, step: DataFrame) -> DataFrame:
    to_left, to_right = (
        step.select(F.col("from").alias(end), F.col("to").alias(f"{end}_to")) for end in ("left", "right")
    )
    return (
        left.join(to_left, on="left", how="inner")
        .join(to_right, on="right", how="inner")
        .where(F.col("left_to") != F.col("right_to"))
        .select(F.col("left_to").alias("left"), F.col("right_to").alias("right"))
        .distinct()
    )
