"""The candidates of a day as a whole: their rules, their conditions, which replaces which, and their message."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from pipelines.calc.triggers.definitions import Cap
from pipelines.gold.trigger_candidates import TABLE, build
from pipelines.lakehouse.table import Table
from tests.frames import as_read
from tests.gold.decision_case import march, trigger

pytestmark = pytest.mark.spark

TODAY = date(2024, 3, 15)
DROP = {"goods": ("shoe",), "blocks": ("subject",), "channels": ("push", "sms"), "delay_hours": 5}
TRIGGERS = [
    trigger("mail", 50, blocks=("personal",), holdout=0.1, cap=Cap(messages=1, days=2)),
    trigger("newcomers", 40, where="purchase_days = 1"),
    trigger("drop", 30, **DROP),
]


def rows(spark: SparkSession, table: Table, *given: dict[str, Any]) -> DataFrame:
    """Rows of a table; what is not given is null."""
    schema = as_read(table)
    return spark.createDataFrame([tuple(each.get(name) for name in table.names) for each in given], schema)


@pytest.fixture(scope="module")
def found(spark: SparkSession) -> dict[str, Row]:
    """Ann bought twice today, Bob once and for the first time; somebody bought whom nobody knows."""

    def sale(name: str, hour: int, card: str | None, store: str = "S1") -> dict[str, Any]:
        return {
            "receipt_id": name,
            "purchased_on": TODAY,
            "purchased_at": march(15, hour),
            "store_id": store,
            "kind": "sale",
            "anchor_type": card and "loyalty_card",
            "anchor_value": card,
        }

    def item(person: str, rank: int, good: str) -> dict[str, Any]:
        told = {"as_of": TODAY, "person_id": person, "model": "als", "rank": rank, "product_id": good}
        return {**told, "score": 1.0, "reason": "R.", "model_version": "als/1"}

    given: dict[str, list[dict[str, Any]]] = {
        "receipts": [
            sale("r1", 9, "a"),
            sale("r2", 17, "a", "S2"),
            sale("r3", 12, "b"),
            sale("r4", 12, None),
        ],
        "products": [{"product_id": name, "title": name.title()} for name in ("tea", "nut", "shoe")],
        "person_identifiers": [
            {"identifier_type": "loyalty_card", "identifier_value": card, "person_id": person}
            for card, person in (("a", "ann"), ("b", "bob"))
        ],
        "customer_360": [
            {"as_of": TODAY, "person_id": person, "purchase_days": days, "favourite_store": "S1"}
            for person, days in (("ann", 9), ("bob", 1))
        ],
        "recommendations": [item("ann", 1, "shoe"), item("ann", 2, "tea"), item("bob", 1, "nut")],
        "stock": [{"product_id": "tea", "store_id": "S9", "valid_on": TODAY, "quantity": Decimal(1)}],
    }
    frames = {
        read.table.short: rows(spark, read.table, *given.get(read.table.short, [])) for read in TABLE.reads
    }
    frame = build(
        **frames,
        as_of=TODAY,
        defined=TRIGGERS,
        raised=[each.name for each in TRIGGERS],
        time_zone="UTC",
        close_hour=6,
        slots_per_block=2,
        never_offered=(),
    )
    assert [(f.name, f.dataType) for f in frame.schema] == [(c.name, c.type) for c in TABLE.columns]
    return {row.candidate_id: row for row in frame.collect()}


def test_a_condition_lets_in_whom_it_is_true_of(found: dict[str, Row]) -> None:
    assert set(found) == {
        *(f"{name}/r{n}" for name in ("mail", "drop") for n in (1, 2, 3, 4)),
        "newcomers/r3",
    }


def test_a_row_has_the_rules_of_its_trigger(found: dict[str, Row]) -> None:
    drop = found["drop/r3"]
    assert (drop.kind, drop.priority, drop.channels, drop.products) == (
        "receipt",
        30,
        ["push", "sms"],
        ["shoe"],
    )
    assert (drop.earliest_at, drop.expires_at) == (march(15, 17), march(18, 12))
    mail = found["mail/r3"]
    assert (mail.cap_messages, mail.cap_days, mail.holdout_share, mail.ends_with_purchase) == (
        1,
        2,
        0.1,
        False,
    )


def test_the_newest_of_a_person_and_trigger_has_the_message(found: dict[str, Row]) -> None:
    """Ann's tea lies in neither shop; the shoe is reserved for the drop; nobody's receipt has no message."""
    assert (found["mail/r1"].replaced_by, found["mail/r2"].replaced_by) == ("mail/r2", None)
    assert (found["mail/r1"]["items"], found["mail/r2"]["items"], found["mail/r2"].sold_out) == (None, [], 1)
    assert [item.product_id for item in found["mail/r3"]["items"]] == ["nut"]
    assert [item.product_id for item in found["drop/r2"]["items"]] == ["shoe"]
    assert (found["mail/r4"].person_id, found["mail/r4"]["items"]) == (None, None)
