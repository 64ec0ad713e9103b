"""Whose identifiers are now, who is a customer, and what lies between two rows of one identifier."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipelines.silver import identity_changes, identity_rejected_edges
from pipelines.silver.person_identifiers import TABLE, addressable, current
from tests.frames import as_read
from tests.silver.received import AS_OF

pytestmark = pytest.mark.spark


def at(day: int) -> datetime:
    return datetime(2024, 3, day, tzinfo=UTC)


def owned(node: str, person: str | None, since: int, until: int | None = None) -> tuple[Any, ...]:
    return (*node.split(":"), person, at(since), at(until) if until else None, "c")


@pytest.fixture
def rows(spark: SparkSession) -> DataFrame:
    """Ann's browser was a person before her login; Bob's phone was Ann's for a day; the kiosk was Bob's for two."""
    return spark.createDataFrame(
        [
            owned("loyalty_card:A", "ann", 1),
            owned("cookie:a", "browser", 1, 3),
            owned("cookie:a", "ann", 3),
            owned("phone:b", "ann", 1, 2),
            owned("phone:b", "bob", 2),
            owned("login:bob", "bob", 1),
            owned("cookie:kiosk", "bob", 2, 4),
            owned("cookie:kiosk", None, 4),
            owned("cookie:lone", "lone", 1),
            owned("order:1", "guest", 1),
        ],
        TABLE.schema,
    )


def test_what_holds_now_is_one_row_an_identifier(rows: DataFrame) -> None:
    assert set(map(tuple, current(rows).collect())) == {
        ("loyalty_card", "A", "ann"),
        ("cookie", "a", "ann"),
        ("phone", "b", "bob"),
        ("login", "bob", "bob"),
        ("cookie", "lone", "lone"),
        ("order", "1", "guest"),
    }
    assert {row["person_id"] for row in addressable(rows).collect()} == {"ann", "bob"}


def test_a_change_says_from_whom_to_whom_and_why(rows: DataFrame) -> None:
    lost = {"left_type": "phone", "left_value": "b", "right_type": "loyalty_card", "right_value": "A"}
    lost |= {"reason": "WEAK", "rejected_at": at(2), "component": "c"}
    names = identity_rejected_edges.TABLE.names
    rejected = rows.sparkSession.createDataFrame(
        [[lost.get(name) for name in names]], as_read(identity_rejected_edges.TABLE)
    )
    found = identity_changes.build(rows, rejected, as_of=AS_OF).drop("component", "identifier_type").collect()
    assert {(value, when.astimezone(UTC).day, *whose) for value, when, *whose in found} == {
        ("a", 3, "browser", "ann", "MERGED", None),
        ("b", 2, "ann", "bob", "SPLIT", "WEAK"),
        ("kiosk", 4, "bob", None, "SHARED", None),
    }
