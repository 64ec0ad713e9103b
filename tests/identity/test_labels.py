"""Connected components: contracted on DataFrames and labelled by scipy, they are the same."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipelines.errors import DataError
from pipelines.identity import components
from pipelines.identity import labels as module
from pipelines.identity.labels import edges_at_once, labels

CHAIN = 100_000


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.one_of(st.none(), st.integers(0, 30)))))
def test_a_component_is_called_after_its_smallest_node(drawn: list[tuple[int, int | None]]) -> None:
    edges = [(str(left), None if right is None else str(right)) for left, right in drawn]
    left, right = (pa.chunked_array([pa.array([edge[end] for edge in edges], pa.string())]) for end in (0, 1))
    found = dict(zip(*(column.to_pylist() for column in labels(left, right).columns), strict=True))
    expected = {node: node for edge in edges for node in edge if node is not None}
    for _ in expected:
        for one, other in edges:
            if other is not None:
                expected[one] = expected[other] = min(expected[one], expected[other])
    assert found == expected


@pytest.mark.spark
def test_without_an_edge_there_is_no_component(spark: SparkSession) -> None:
    """As after a first day of receipts that tie no two identifiers."""
    none = spark.createDataFrame([("a", "b")], "left string, right string").where("left is null")
    assert components(none).collect() == []


@pytest.mark.spark
def test_contraction_and_the_driver_agree(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a chain, a star, a random graph, loops and a node alone; the chain in logarithmically many rounds."""
    monkeypatch.setattr(
        module, "_ROUNDS", 24
    )  # each round leaves about half of a chain: 17 would do for 100,000
    number = F.col("id")
    chain = spark.range(CHAIN - 1).select(
        F.concat(F.lit("chain"), number).alias("left"), F.concat(F.lit("chain"), number + 1).alias("right")
    )
    star = spark.range(500).select(F.lit("hub"), F.concat(F.lit("ray"), number))
    loose = spark.range(2_000).select(
        F.concat(F.lit("r"), F.pmod(F.xxhash64(number), F.lit(3_000))),
        F.concat(F.lit("r"), F.pmod(F.xxhash64(number, F.lit(1)), F.lit(3_000))),
    )
    odd = spark.createDataFrame(
        [("loop", "loop"), ("alone", None), ("a", "b"), ("b", "a")], "left string, right string"
    )
    edges = chain.union(star).union(loose).union(odd).localCheckpoint()
    by_driver = components(edges).collect()
    by_contraction = components(edges, driver_edges=500).collect()
    assert sorted(by_driver) == sorted(by_contraction)
    monkeypatch.setattr(module, "MESSAGE_BYTES", 1 << 18)
    assert sorted(components(edges).collect()) == sorted(by_driver), "handed over in parts"
    told = dict(by_driver)
    assert {told[f"chain{place}"] for place in range(0, CHAIN, 999)} == {"chain0"}
    assert (told["ray7"], told["loop"], told["alone"], told["b"]) == ("hub", "loop", "alone", "a")


@pytest.mark.spark
def test_a_driver_with_less_memory_takes_fewer_edges(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond them they are contracted first, to the same labels."""
    edges = spark.range(3_000).select(
        F.concat(F.lit("n"), F.col("id")).alias("left"), F.concat(F.lit("n"), F.col("id") + 1).alias("right")
    )
    expected = sorted(components(edges).collect())
    taken: list[int] = []
    inside = module._in_driver
    monkeypatch.setattr(module, "_in_driver", lambda pairs: (taken.append(pairs.count()), inside(pairs))[1])
    room = edges_at_once("64k", "256k")
    monkeypatch.setattr(module, "_room", lambda spark: room)
    assert sorted(components(edges).collect()) == expected
    assert len(taken) == 1
    assert 0 < taken[0] <= 2 * room < 3_000


@pytest.mark.spark
def test_evidence_is_labelled_by_type_and_value(spark: SparkSession) -> None:
    edges = spark.createDataFrame(
        [("phone", "1", "cookie", "1", "till"), ("phone", "2", None, None, "till")],
        "left_type string, left_value string, right_type string, right_value string, source string",
    )
    assert {tuple(row) for row in components(edges).collect()} == {
        ("cookie:1", "cookie:1"),
        ("phone:1", "cookie:1"),
        ("phone:2", "phone:2"),
    }


@pytest.mark.spark
def test_what_is_missing_ties_nothing(spark: SparkSession) -> None:
    """One end alone, no end at all, and numbers for names."""
    edges = spark.createDataFrame([(1, None), (None, 2), (None, None), (3, 4)], "left int, right int")
    assert {tuple(row) for row in components(edges).collect()} == {
        ("1", "1"),
        ("2", "2"),
        ("3", "3"),
        ("4", "3"),
    }
    with pytest.raises(DataError, match="no right_type, right_value"):
        components(edges.selectExpr("left AS left_type", "left AS left_value"))
