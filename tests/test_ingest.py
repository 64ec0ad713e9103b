"""Which sources a run has work with, and how long their records are kept."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipelines.errors import SettingsError
from pipelines.ingest import Plan, at_work
from pipelines.landing.sources import SOURCES
from pipelines.query import select
from tests.conftest import shop_settings
from tests.days import DAYS, land, run_day


def test_a_source_that_never_sent_a_file_costs_nothing() -> None:
    assert [source.name for source in at_work(SOURCES, Plan(1, {"receipts": 1}, ()))] == ["receipts"]
    names = {source.name for source in at_work(SOURCES, Plan(2, {"receipts": 1, "channel_costs": 2}, ()))}
    assert names == {"receipts", "channel_costs"}


PING = {
    "occurred_at": "2024-03-01T12:00:00Z",
    "device_id": "d1",
    "consent_id": "yes",
    "latitude": 40.7,
    "longitude": -74.0,
}


@pytest.mark.spark
def test_records_are_kept_for_their_days_and_so_is_what_is_made_of_them(
    spark: SparkSession, tmp_path: Path
) -> None:
    """Pings of three days, kept for two: what is left is what a lake without the first would hold."""
    settings = shop_settings(tmp_path, "landing.records_days={locations: 2}", feeds={"stores"})
    for number, day in enumerate(DAYS):
        pings = (
            {**PING, "ping_id": f"p{number}{n}", "occurred_at": f"{day}T12:00:00Z"} for n in range(number + 1)
        )
        arrived = f"{day + timedelta(days=1):%Y%m%d}T010000Z"
        land(settings, "locations", arrived, "pings.jsonl", "".join(f"{json.dumps(p)}\n" for p in pings))
        run_day(spark, settings, day, ("ingest", "refine"))
    asked = "SELECT ping_id FROM silver.locations ORDER BY ping_id"
    assert select(settings.lake.root, asked)["ping_id"].to_pylist() == ["p10", "p11", "p20", "p21", "p22"]
    held = select(settings.lake.root, "SELECT count(*) AS n FROM bronze.locations")["n"].to_pylist()
    told = "SELECT received, accepted FROM audit.runs WHERE \"table\" = 'silver.locations' ORDER BY output_version"
    assert (held, select(settings.lake.root, told).to_pylist()[-1]) == ([5], {"received": 5, "accepted": 5})
    assert run_day(spark, settings, DAYS[-1], ("ingest", "refine")) == []


@pytest.mark.spark
def test_a_source_that_is_none_has_no_days(spark: SparkSession, tmp_path: Path) -> None:
    settings = shop_settings(tmp_path, "landing.records_days={pings: 2}", feeds={"stores"})
    with pytest.raises(SettingsError, match="there is no source pings"):
        run_day(spark, settings, DAYS[0], ("ingest",))
