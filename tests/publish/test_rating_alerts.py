"""A low rating is a line for support, once, on the date whose books it arrived in."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipelines.calc.triggers.definitions import Pause
from pipelines.publish import rating_alerts
from pipelines.silver import engagement
from tests.gold.people import persons, rows, whose

pytestmark = pytest.mark.spark
DAY = date(2024, 3, 1)


def rated(day: int, stars: int, *, arrived: datetime, card: str = "A", **more: Any) -> dict[str, Any]:
    return {
        "occurred_on": date(2024, 3, day),
        "occurred_at": datetime(2024, 3, day, 12, tzinfo=UTC),
        "kind": "rated",
        "anchor_type": "loyalty_card",
        "anchor_value": card,
        "stars": stars,
        "arrived_at": arrived,
        **more,
    }


def test_each_low_rating_is_told_once_with_what_it_is_of(spark: SparkSession, tmp_path: Path) -> None:
    """Books close at 6:00 UTC; what arrives then is the next date's."""
    today, tomorrow = datetime(2024, 3, 2, 5, 59, tzinfo=UTC), datetime(2024, 3, 2, 6, tzinfo=UTC)
    given = (
        rated(1, 2, arrived=today, order_id="O1", text="Süß, aber zu spät."),
        rated(1, 1, arrived=today, card="stranger", receipt_id="R1"),
        rated(1, 3, arrived=today, order_id="O2"),
        rated(1, 1, arrived=tomorrow, order_id="O3"),
        {**rated(1, 1, arrived=today), "kind": "clicked"},
    )
    found = rating_alerts.low_ratings(
        rows(spark, engagement.TABLE, given),
        persons(spark, whose("A", "ann")),
        as_of=DAY,
        pause=Pause(stars=2, days=14),
        time_zone="UTC",
        close_hour=6,
    )
    rating_alerts.export(found, tmp_path, as_of=DAY)
    lines = (tmp_path / rating_alerts.JSON_LINES).read_text(encoding="utf-8").splitlines()
    told = [json.loads(line) for line in lines]
    assert [(each["person"], each["stars"], each["why"]) for each in told] == [
        (None, 1, "1 of 5 stars for receipt R1; promotion pauses until 2024-03-15"),
        ("ann", 2, "2 of 5 stars for order O1; promotion pauses until 2024-03-15"),
    ]
    assert told[1] == {
        "schema": "rating_alerts/1",
        "as_of": "2024-03-01",
        "person": "ann",
        "rated_at": "2024-03-01T12:00:00+00:00",
        "stars": 2,
        "text": "Süß, aber zu spät.",
        "order": "O1",
        "receipt": None,
        "product": None,
        "why": "2 of 5 stars for order O1; promotion pauses until 2024-03-15",
    }
