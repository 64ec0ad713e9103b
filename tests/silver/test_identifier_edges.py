"""What facts tie, and what they do not, by landing file."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipelines.silver import engagement, orders, receipts, web_events
from tests.silver.received import AS_OF, bronze, settled

pytestmark = pytest.mark.spark

ARRIVED = datetime(2024, 3, 4, 0, 30, tzinfo=UTC)
CONTACTS = ("email:e1", "phone:p1")


def facts(spark: SparkSession, module: Any, *rows: dict[str, Any]) -> DataFrame:
    """Rows of a silver table in which only what is given is not null."""
    blank = {"arrived_at": ARRIVED, "file": f"{module.TABLE.short}.jsonl", "is_crawler": False}
    days = dict.fromkeys(("purchased_on", "ordered_on", "occurred_on"), AS_OF)
    given = [tuple(({**blank, **days} | row).get(name) for name in module.TABLE.names) for row in rows]
    schema = ", ".join(f"`{column.name}` {column.type.simpleString()}" for column in module.TABLE.columns)
    return spark.createDataFrame(given, schema)


def test_facts_tie_what_they_carry(spark: SparkSession) -> None:
    email, phone = CONTACTS
    rows = settled(
        "silver.identifier_edges",
        facts(
            spark,
            receipts,
            {"loyalty_card": "A", "phone": phone, "payment_token": "T", "order_id": "W1"},
            {"loyalty_card": "A", "phone": phone},
            {"payment_token": "T"},
            {"kind": "sale"},
            {"loyalty_card": "late", "purchased_on": date(2024, 3, 4)},
        ),
        facts(spark, orders, {"order_id": "W1", "login": "ann", "cookie": "k1", "email": email}),
        facts(
            spark,
            web_events,
            {"login": "ann", "cookie": "k1", "mail_link_id": "l1", "push_token": "t1"},
            {"cookie": "k2"},
            {"cookie": "bot", "is_crawler": True},
            {"mail_link_id": "l2"},
        ),
        facts(spark, engagement, {"loyalty_card": "A", "email": email, "mail_link_id": "l1"}),
        bronze(
            spark,
            "customers",
            {"loyalty_card": "A", "phone": phone},
            {"loyalty_card": "A", "phone": "phone:p2"},
            {"loyalty_card": "B"},
            {"phone": phone},
            b'{"loyalty_card": "torn',
        ),
    ).collect()
    assert {row["observed_at"].astimezone(UTC) for row in rows} == {ARRIVED}
    said = {
        (row["file"].split(".")[0].split("/")[0], row["source"], row["left_value"], row["right_value"]): row[
            "observations"
        ]
        for row in rows
    }
    assert len(said) == len(rows) == len({(row["file"], row["edge_id"]) for row in rows})
    assert said == {
        ("receipts", "till_dictated", "A", phone): 2,
        ("receipts", "payment", "A", "T"): 1,
        ("receipts", "click_and_collect", "A", "W1"): 1,
        ("receipts", "seen", "T", None): 1,
        ("orders", "web_order", "ann", email): 1,
        ("orders", "web_order", "ann", "W1"): 1,
        ("orders", "web_order", "ann", "k1"): 1,
        ("web_events", "login", "ann", "k1"): 1,
        ("web_events", "mail_link", "k1", "l1"): 1,
        ("web_events", "push", "k1", "t1"): 1,
        ("web_events", "seen", "k2", None): 1,
        ("web_events", "seen", "l2", None): 1,
        ("engagement", "addressed", "A", email): 1,
        ("engagement", "addressed", "A", "l1"): 1,
        ("customers", "loyalty_form", "A", phone): 1,
        ("customers", "loyalty_form", "A", "phone:p2"): 1,
        ("customers", "seen", "B", None): 1,
    }
    weights = {row["source"]: row["weight"] for row in rows}
    assert weights["loyalty_form"] > weights["payment"] > weights["till_dictated"]
    assert weights["seen"] == 1.0
