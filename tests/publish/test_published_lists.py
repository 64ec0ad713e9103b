"""What a list came to: every figure can be counted by hand, and the same release has the same rows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipelines.publish.assemble import assembled
from pipelines.publish.published_lists import TABLE, figures, metric, rows
from pipelines.publish.send_list import Listed, export
from tests.publish.messages_case import SHOP, link_id, row


def listed(place: Path) -> Listed:
    goods = [
        row(send_key="a" * 32, slot=1),
        row(send_key="a" * 32, slot=2, product_id="2", title=""),
        row(send_key="b" * 32, person_id="p2", channel="sms", address=None, trigger="cart", block="subject"),
        row(send_key="c" * 32, person_id="p3"),
    ]
    return export(assembled(goods, SHOP, link_id), place)


def test_a_list_is_counted_by_trigger_channel_block_and_fault(tmp_path: Path) -> None:
    found = figures(
        listed(tmp_path),
        None,
        slots_per_block=2,
        recipes={"cart": ("subject", "personal"), "welcome": ("personal",)},
    )
    assert found == {
        ("messages", "all"): 3.0,
        ("messages", "receipt_mail/email"): 2.0,
        ("messages", "cart/sms"): 1.0,
        ("unaddressed", "all"): 1.0,
        ("items", "receipt_mail/related"): 2.0,
        ("fill", "receipt_mail/related"): 0.5,
        ("items", "cart/subject"): 1.0,
        ("fill", "cart/subject"): 0.5,
        ("items", "cart/personal"): 0.0,
        ("fill", "cart/personal"): 0.0,
        ("refused", "NO_TITLE"): 1.0,
    }
    told = rows(found, "455a07ca3eef", date(2024, 3, 10))
    assert len({(release, measure, of) for release, _, measure, of, _ in told}) == len(told)
    assert all(len(line) == len(TABLE.columns) for line in told)
    assert metric("refused", "NO_TITLE") == "send_list.refused.NO_TITLE"


@pytest.mark.spark
def test_decisions_are_counted_by_outcome_gate_and_cost(spark: SparkSession) -> None:
    decisions = spark.createDataFrame(
        [
            ("sent", None, "email", Decimal("0.001000")),
            ("sent", None, "email", Decimal("0.001000")),
            ("sent", None, "sms", Decimal("0.020000")),
            ("held_out", None, "sms", Decimal("0.020000")),
            ("refused", "consent", None, None),
            ("refused", "caps", "email", Decimal("0.001000")),
        ],
        "outcome string, refused_by string, channel string, cost decimal(18, 6)",
    )
    found = figures(Listed(), decisions, slots_per_block=5, recipes={})
    assert {key: value for key, value in found.items() if key[0] in ("decided", "stopped", "cost")} == {
        ("decided", "sent"): 3.0,
        ("decided", "held_out"): 1.0,
        ("decided", "refused"): 2.0,
        ("stopped", "consent"): 1.0,
        ("stopped", "caps"): 1.0,
        ("cost", "email"): 0.002,
        ("cost", "sms"): 0.02,
    }
