"""A world with every fault planted, landed and refined: what became of each record is what the truth says."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipelines import stages
from pipelines.context import within
from pipelines.flow import step_of
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.refusal import quarantine_of
from pipelines.lakehouse.table import Table
from tests.conftest import shop_settings
from tests.simulate.worlds import WORLD, Made

pytestmark = pytest.mark.spark

SOURCES = ("receipts", "orders", "web_events", "engagement")
LAST = WORLD.on(WORLD.days - 1)


@pytest.fixture(scope="module")
def lake(spark: SparkSession, world: Made, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The world after one run of bronze and silver, which reads all that arrived until its last close."""
    settings = shop_settings(
        tmp_path_factory.mktemp("world"),
        f"landing.root={world.place / 'landing'}",
        f"business.time_zone={WORLD.time_zone}",
    )
    with within(spark, settings, LAST, lambda outcome: None) as context:
        stages.ingest(context)
        stages.refine(context)
    return Lake(spark, settings.lake.root)


def table(source: str) -> Table:
    step = step_of(f"silver.{source}")
    assert step is not None
    return step.table


def told(world: Made, source: str, *names: str) -> dict[str, int]:
    """What the truth says of a source, summed over the days whose drops had arrived."""
    rows = [row for row in world.truth("totals") if row["source"] == source and row["drop_on"] <= LAST]
    return {name: sum(row[name] for row in rows) for name in names}


@pytest.mark.parametrize("source", SOURCES)
def test_received_is_accepted_refused_and_duplicates_as_the_truth_has_them(
    lake: Lake, world: Made, source: str
) -> None:
    head = lake.head(table(source))
    assert head is not None
    assert head.mark is not None
    counts, truth = (
        head.mark.counts,
        told(world, source, "records", "accepted", "superseded", "refused", "duplicates"),
    )
    assert truth["refused"] > 0
    assert truth["duplicates"] > 0
    assert (counts.received, counts.accepted, counts.refused, counts.duplicates) == (
        truth["records"],
        truth["accepted"],
        truth["refused"],
        truth["duplicates"] + truth["superseded"],  # read at once, an order's earlier state never stood
    )
    assert lake.read(table(source)).count() == truth["accepted"]


def test_every_line_and_every_cent_of_the_receipts_is_there(lake: Lake, world: Made) -> None:
    sums = (F.count(F.lit(1)).alias("lines"), F.sum("net_amount").alias("revenue"))
    row = lake.read(table("receipt_lines")).agg(*sums).collect()[0]
    truth = told(world, "receipts", "lines_accepted", "revenue")
    assert (row.lines, row.revenue) == (truth["lines_accepted"], truth["revenue"])


@pytest.mark.parametrize("source", SOURCES)
def test_each_planted_record_is_refused_for_its_reason(lake: Lake, world: Made, source: str) -> None:
    faults = [row for row in world.truth("faults") if row["source"] == source and row["drop_on"] <= LAST]
    planted = {(row["file"], row["position"]): row["reason"] for row in faults if row["fate"] == "refused"}
    refused = lake.read(quarantine_of(table(source))).select("file", "position", "reasons").collect()
    found = {(row.file, row.position): {reason["code"] for reason in row.reasons} for row in refused}
    assert planted
    for place, reason in planted.items():
        assert place in found, f"{place} is not in quarantine, and should be for {reason}"
        assert reason in found[place], f"{place} is refused for {found[place]}, not {reason}"
    sent_twice = {row["file"] for row in faults if row["position"] == 0 and row["fate"] == "duplicate"}
    assert {file for file, _ in found.keys() - planted.keys()} <= sent_twice
