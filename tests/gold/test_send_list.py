"""Only what is sent stands in the list."""

from __future__ import annotations

from datetime import date

import pytest
from pyspark.sql import SparkSession

from pipelines.gold.send_list import TABLE, build
from tests.gold.decision_case import march

pytestmark = pytest.mark.spark

DAY = date(2024, 3, 1)
ITEMS = (
    "array<struct<block_no: int, slot: int, block: string, product_id: string, title: string, reason: string, "
    "score: double, model_version: string, propensity: double>>"
)


def test_the_items_of_messages_sent_after_the_day_and_of_no_others(spark: SparkSession) -> None:
    item = (1, 2, "new_arrivals", "g", "G", "R.", 0.5, "new_arrivals/1", 0.1)
    rows = [
        (outcome, on, "ann", f"k{n}", "receipt_mail", "email", march(2, 9), None, [item])
        for n, (outcome, on) in enumerate(
            [
                ("sent", DAY),
                ("held_out", DAY),
                ("refused", DAY),
                ("sent", date(2024, 2, 29)),
                ("waiting", None),
                ("expired", DAY),
            ]
        )
    ]
    decisions = spark.createDataFrame(
        rows,
        "outcome string, decided_on date, person_id string, send_key string, trigger string, channel string, "
        f"send_at timestamp, decided_at timestamp, items {ITEMS}",
    )
    frame = build(decisions, as_of=DAY)
    assert [(f.name, f.dataType) for f in frame.schema] == [(c.name, c.type) for c in TABLE.columns]
    (row,) = frame.collect()
    assert row.asDict() == {
        "as_of": DAY,
        "person_id": "ann",
        "send_key": "k0",
        "trigger": "receipt_mail",
        "campaign": "receipt_mail/2024-03-01",
        "channel": "email",
        "send_at": march(2, 9),
        "decided_at": None,
        **dict(
            zip(
                (
                    "block_no",
                    "slot",
                    "block",
                    "product_id",
                    "title",
                    "reason",
                    "score",
                    "model_version",
                    "propensity",
                ),
                item,
                strict=True,
            )
        ),
    }
