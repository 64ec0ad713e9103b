"""While ingest goes on, one round takes a page view into the profile of whoever looked, and into the visit."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipelines.continuous import Continuous
from pipelines.gold import interest_profiles, session_interests
from pipelines.lakehouse.lake import Lake
from pipelines.settings import Settings
from pipelines.silver.person_identifiers import TABLE as PERSONS
from pipelines.silver.person_identifiers import current
from tests.conftest import shop_settings
from tests.days import Said, land

pytestmark = pytest.mark.spark
AGENT = "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0 Safari/537.36"


@pytest.fixture
def visited(tmp_path: Path) -> Settings:
    """A shop with its catalogue, and with Anna's visit of 2 March, on which she looked at milk."""
    return shop_settings(tmp_path, feeds={"products", "stores", "web_events"})


def categories(rows: DataFrame) -> dict[str, Any]:
    found = rows.where(F.col("kind") == "category").select("value", F.round("affinity", 3).alias("share"))
    return {row["value"]: row["share"] for row in found.collect()}


def test_a_page_view_is_in_the_profile_and_in_the_visit_after_one_round(
    spark: SparkSession, visited: Settings
) -> None:
    lake, process = Lake(spark, visited.lake.root), Continuous(spark, visited, Said())

    def profile() -> dict[str, Any]:
        anna = current(lake.read(PERSONS)).where("identifier_value = 'anna'").select("person_id")
        return categories(lake.read(interest_profiles.TABLE).join(anna, on="person_id", how="left_semi"))

    def visit() -> dict[str, Any]:
        visits = lake.read(session_interests.TABLE).where(F.col("as_of") == F.lit(date(2024, 3, 4)))
        return categories(visits.where("visitor_value = 'k1'"))

    assert process.round(datetime(2024, 3, 4, 7, tzinfo=UTC), Event())
    before = profile()
    assert "DAIRY" in before
    assert "COFFEE" not in before
    assert visit() == {}
    view = {
        "event_id": "live",
        "kind": "product_view",
        "occurred_at": "2024-03-04T14:00:00Z",
        "cookie": "k1",
        "url": "https://shop.example/coffee",
        "user_agent": AGENT,
        "lines": [{"product_id": "coffee"}],
    }
    land(visited, "web_events", "20240304T140001Z", "live.jsonl", json.dumps(view) + "\n")
    assert process.round(datetime(2024, 3, 4, 14, 0, 2, tzinfo=UTC), Event())
    after = profile()
    assert after["COFFEE"] > 0
    assert after["DAIRY"] < before["DAIRY"]
    assert visit() == {"COFFEE": 1.0}
