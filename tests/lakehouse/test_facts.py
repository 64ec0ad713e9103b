"""Of each unit one record wins, whatever the order of arrival, and every row is accounted for."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipelines.lakehouse.facts import Judged, account_of, losers_of, settle
from pipelines.lakehouse.refusal import BATCH, ITEM, REASONS, RECORD
from pipelines.lakehouse.table import LINEAGE, Col, Facts, Table
from pipelines.lakehouse.types import DATE, INT, STRING

pytestmark = [pytest.mark.spark, pytest.mark.engines]

TABLE = Table(
    name="silver.lines",
    doc="One row per line.",
    key=("receipt", "line"),
    scope=("day",),
    columns=(
        Col("day", DATE, "Day", nullable=False),
        Col("receipt", STRING, "Receipt", nullable=False),
        Col("line", INT, "Line", nullable=False),
        *LINEAGE,
    ),
    write=Facts(unit=("day", "receipt")),
)
DAY = date(2024, 3, 1)


def rows(spark: SparkSession, *records: tuple[str, int, int, str, bool]) -> DataFrame:
    """Lines of records (receipt, lines, content hash, file, good), as a flagged build gives them."""
    lines = [
        (
            DAY,
            receipt,
            line,
            datetime(2024, 3, 2, tzinfo=UTC),
            file,
            position,
            content,
            [] if good else ["NOT_JSON:record"],
        )
        for position, (receipt, count, content, file, good) in enumerate(records, 1)
        for line in range(1, count + 1)
    ]
    types = ", ".join(f"{c.name} {c.type.simpleString()}" for c in TABLE.columns)
    frame = spark.createDataFrame(lines, f"{types}, {REASONS} array<string>")
    extra = {RECORD: F.lit("as received"), ITEM: F.lit(0), BATCH: F.lit(1).cast("long")}
    return frame.withColumns(extra)


def settled(flagged: DataFrame, standing: DataFrame | None = None) -> Judged:
    stands = flagged.limit(0).select(*TABLE.names) if standing is None else standing
    account = account_of(TABLE, flagged, max_keys=10)
    return settle(TABLE, flagged, stands, account, losers_of(TABLE, flagged, stands))


def held(frame: DataFrame) -> list[tuple[str, int, int]]:
    return sorted((row["receipt"], row["line"], row["content_hash"]) for row in frame.collect())


def test_the_record_with_the_larger_content_wins_whole(spark: SparkSession) -> None:
    flagged = rows(spark, ("a", 3, 5, "one", True), ("a", 2, 9, "two", True), ("b", 1, 1, "two", True))
    judged = settled(flagged)
    assert held(judged.rows) == [("a", 1, 9), ("a", 2, 9), ("b", 1, 1)]
    counts = judged.counts
    assert (counts.received, counts.accepted, counts.refused, counts.duplicates) == (6, 3, 0, 3)


def test_the_same_record_twice_counts_once(spark: SparkSession) -> None:
    flagged = rows(spark, ("a", 2, 5, "one", True), ("a", 2, 5, "again", True))
    judged = settled(flagged)
    assert held(judged.rows) == [("a", 1, 5), ("a", 2, 5)]
    assert {row["file"] for row in judged.rows.collect()} == {"again"}


@pytest.mark.parametrize("second_first", [False, True])
def test_two_batches_in_either_order_equal_both_at_once(spark: SparkSession, second_first: bool) -> None:
    one = rows(spark, ("a", 3, 5, "one", True), ("b", 1, 7, "one", True), ("c", 1, 1, "one", False))
    two = rows(spark, ("a", 2, 9, "two", True), ("b", 1, 2, "two", True))
    at_once = settled(one.union(two))
    first, then = (two, one) if second_first else (one, two)
    standing = settled(first)
    after = settled(then, standing.rows)
    assert held(after.rows) == held(at_once.rows)
    for counts in (standing.counts, after.counts, at_once.counts):
        assert counts.received == counts.accepted + counts.refused + counts.duplicates
    kept = standing.counts.accepted + after.counts.accepted - after.counts.superseded
    assert kept == at_once.counts.accepted == len(held(at_once.rows))


def test_refused_rows_keep_what_was_received(spark: SparkSession) -> None:
    flagged = rows(spark, ("a", 1, 5, "one", False))
    judged = settled(flagged)
    (refused,) = judged.refused.collect()
    assert refused["record"] == "as received"
    (reason,) = refused["reasons"]
    assert (reason["code"], reason["column"]) == ("NOT_JSON", "record")
    assert reason["sentence"].endswith(".")
    assert judged.counts.refused == 1


def test_more_scope_values_than_asked_for_mean_the_whole_table(spark: SparkSession) -> None:
    flagged = rows(spark, ("a", 2, 5, "one", True))
    assert account_of(TABLE, flagged, max_keys=0).values is None
    assert account_of(TABLE, flagged, max_keys=0).received == 2
    assert account_of(TABLE, flagged, max_keys=1).values == (DAY,)
