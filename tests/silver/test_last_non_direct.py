"""The last channel that was not Direct, looked for over a visitor's earlier visits."""

from __future__ import annotations

from datetime import datetime

import pytest
from pyspark.sql import SparkSession

from pipelines.silver.last_non_direct import with_last_non_direct

pytestmark = pytest.mark.spark


def test_a_direct_visit_has_the_channel_of_the_one_before_it(spark: SparkSession) -> None:
    visits = [
        ("anna", "2024-01-01", "Direct", "Direct"),
        ("anna", "2024-01-02", "Email", "Email"),
        ("anna", "2024-01-03", "Direct", "Email"),
        ("anna", "2024-01-04", "Paid Search", "Paid Search"),
        ("anna", "2024-04-03", "Direct", "Paid Search"),
        ("anna", "2024-07-03", "Direct", "Direct"),
        ("ben", "2024-01-03", "Direct", "Direct"),
    ]
    rows = [
        (who, f"s{n}", datetime.fromisoformat(f"{day}T10:00:00+00:00"), channel, wanted)
        for n, (who, day, channel, wanted) in enumerate(visits)
    ]
    frame = spark.createDataFrame(
        rows, "visitor string, session_id string, started_at timestamp, channel string, wanted string"
    )
    found = with_last_non_direct(frame, ("visitor",)).collect()
    assert [row["last_non_direct_channel"] for row in found] == [row["wanted"] for row in found]
    assert len(found) == len(visits)
