"""Who was meant for which arm, whatever was sent; one that says nobody is refused."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from tests.silver.received import bronze, judged, reasons

pytestmark = pytest.mark.spark


def test_those_left_out_are_assigned_as_those_mailed(spark: SparkSession) -> None:
    told = {"experiment_id": "spring", "assigned_at": "2024-03-01T08:00:00Z", "loyalty_card": "C1"}
    rows = judged(
        "silver.assignments",
        bronze(
            spark,
            "assignments",
            told | {"assignment_id": "1", "arm": "holdout", "is_control": "true", "share": "0.1"},
            told | {"assignment_id": "2", "arm": "mailed", "by_lot": "FALSE", "is_control": "perhaps"},
            told | {"assignment_id": "3", "arm": "mailed", "loyalty_card": None},
            told | {"assignment_id": "4", "arm": "mailed", "share": "1.5"},
        ),
    )
    assert [(row["is_control"], row["by_lot"], row["share"]) for row in rows[:2]] == [
        (True, True, 0.1),
        (False, False, None),
    ]
    assert [(row["anchor_type"], row["anchor_value"]) for row in rows[:2]] == [("loyalty_card", "C1")] * 2
    assert [len(each) for each in reasons(rows)] == [0, 0, 1, 1]
