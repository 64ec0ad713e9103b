"""The placebo line: messages that nobody got are credited as those that were sent, and the page says so."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from pyspark.sql import SparkSession

from pipelines.gold.attribution import TABLE, build
from pipelines.publish.experiment_placebo import placebo_credits, placebo_line
from pipelines.publish.page import About
from pipelines.silver import assignments
from tests.gold.bought import DAY, bought, frame, lake, touch, values
from tests.gold.test_experiment_results import drawn

pytestmark = pytest.mark.spark


def test_a_planned_message_is_credited_whether_it_went_or_not(spark: SparkSession) -> None:
    """C1 was mailed twice and had visited once, C2 was left out; both buy, C2 brings half back; C3 is in both arms."""
    touches = [touch("C1", 2, "session", "Direct"), touch("C1", 2, "opened", "email")]
    sales = [
        bought("r1", "C1", 3, "9.00"),
        bought("r0", "C1", 1, "5.00", purchased_at=drawn("C1", "mailed", 0)["assigned_at"]),
        bought("r2", "C2", 3, "10.00"),
        bought("b2", "C2", 5, "-5.00", returns_purchase="r2"),
        bought("r9", "C2", 27, "70.00"),
        bought("r3", "C3", 3, "99.00"),
    ]
    planned = [drawn("C1", "mailed", 1), drawn("C1", "mailed", 2), drawn("C2", "holdout", 1)]
    planned += [drawn("C3", "mailed", 1), drawn("C3", "holdout", 1)]
    persons, _, _, purchases = frames = lake(spark, touches, sales)
    credited = build(*frames, purchases, as_of=DAY.replace(day=28), **values(TABLE))
    rows = placebo_credits(
        frame(spark, assignments.TABLE, planned),
        credited,
        purchases,
        persons,
        as_of=DAY.replace(day=28),
        report_days=365,
        window_days=14,
    )
    assert [(row.arm, row.people, row.purchases, row.value, row.credited) for row in rows] == [
        ("mailed", 1, 1, Decimal("9.00"), Decimal("6.00")),
        ("holdout", 1, 1, Decimal("5.00"), Decimal("5.00")),
    ]
    section = placebo_line(rows, 14, About(date(2024, 3, 28), "EUR", "455a07ca3eef", {}))
    assert section.rows[0][1:] == ("mailed", "1", "1", "€9", "€6", "66.7\u00a0%", "€6.00")
    assert section.rows[1][1] == "holdout (placebo)"
    assert not placebo_line(rows[:1], 14, About(date(2024, 3, 28), "EUR", "455a07ca3eef", {})).rows
