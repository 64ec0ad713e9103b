"""Golden records, from who has what and from forms, and what is told of them and of their changes."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipelines.gold.golden_records import TABLE, build
from pipelines.publish.golden_records import CHANGES, CSV, JSON_LINES, export
from pipelines.silver import customers, identity_changes, person_identifiers
from tests.gold.test_customer_master_quality import rows

pytestmark = pytest.mark.spark

TODAY = date(2024, 3, 3)


def at(day: int) -> datetime:
    return datetime(2024, 3, day, tzinfo=UTC)


def has(person: str, node: str, since: int = 1, **more: Any) -> dict[str, Any]:
    kind, value = node.split(":")
    told = {"identifier_type": kind, "identifier_value": value, "person_id": person}
    return {**told, "valid_from": at(since), **more}


def records(spark: SparkSession) -> DataFrame:
    """Ann has two cards, Bob a login and two addresses; a browser is nobody's customer."""
    owned = [
        *(has("ann", node) for node in ("loyalty_card:A2", "loyalty_card:A1", "email:e1", "phone:p1")),
        *(has("bob", "login:bob"), has("bob", "email:old"), has("bob", "email:new", 2)),
        has("web", "cookie:k"),
        has("eve", "login:eve", valid_to=at(2)),
    ]
    forms = [
        {
            "loyalty_card": "A1",
            "email": "e1",
            "age_band": "35-44",
            "joined_on": date(2024, 1, 5),
            "arrived_at": at(1),
        },
        {
            "loyalty_card": "A2",
            "phone": "p1",
            "age_band": "45-54",
            "joined_on": date(2024, 2, 5),
            "arrived_at": at(2),
        },
    ]
    moved = [
        {"from_person": "eve", "to_person": "bob", "why": "MERGED"},
        {"from_person": "ann", "to_person": "bob", "why": "SPLIT"},
    ]
    return build(
        rows(spark, person_identifiers, *owned),
        rows(spark, customers, *forms),
        rows(spark, identity_changes, *moved),
        as_of=TODAY,
    )


def test_one_record_of_each_person_and_what_changed(spark: SparkSession, tmp_path: Path) -> None:
    shape = ", ".join(f"{column.name} {column.type.simpleString()}" for column in TABLE.columns)
    kept = ("ann", ["A1", "A2"], [], "e1", "p1", date(2024, 1, 5), "45-54", None, None, None, None, None, [])
    bob = ("bob", [], ["bob"], "old", *[None] * 8, [])
    eve = ("eve", [], ["eve"], *[None] * 9, [])
    gone = ("gone", [], ["gone"], *[None] * 9, [])
    before = spark.createDataFrame([(date(2024, 3, 2), *row) for row in (kept, bob, eve, gone)], shape)
    export(records(spark), before, tmp_path)
    said = [json.loads(line) for line in (tmp_path / JSON_LINES).read_text().splitlines()]
    assert [one["person"] for one in said] == ["ann", "bob"]
    assert said[0] == {
        **{"schema": "customers/1", "as_of": "2024-03-03", "person": "ann"},
        **{
            "loyalty_cards": ["A1", "A2"],
            "logins": [],
            "email": "e1",
            "phone": "p1",
            "joined_on": "2024-01-05",
        },
        **{"age_band": "45-54", "income_band": None, "home_ownership": None, "marital_status": None},
        **{"household_size": None, "kids_count": None, "former_ids": []},
    }
    assert said[1]["email"] == "new"
    changed = [json.loads(line) for line in (tmp_path / CHANGES).read_text().splitlines()]
    assert [(one["change"], one["record"]["person"]) for one in changed] == [
        ("changed", "bob"),
        ("removed", "eve"),
        ("removed", "gone"),
    ]
    assert changed[0]["record"]["former_ids"] == ["eve"]
    assert [one["record"]["merged_into"] for one in changed[1:]] == ["bob", None]
    assert (
        (tmp_path / CSV)
        .read_text()
        .splitlines()[1]
        .startswith('2024-03-03,"ann","A1 A2","","e1","p1",2024-01-05')
    )


def test_the_first_release_adds_everybody(spark: SparkSession, tmp_path: Path) -> None:
    found = records(spark)
    export(found, found.limit(0), tmp_path)
    changed = [json.loads(line) for line in (tmp_path / CHANGES).read_text().splitlines()]
    assert [(one["change"], one["record"]["person"]) for one in changed] == [
        ("added", "ann"),
        ("added", "bob"),
    ]
