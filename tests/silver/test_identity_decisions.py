"""What people decided: of a pair the latest counts, whichever way round it is named."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from pipelines.errors import SettingsError
from pipelines.silver.identity_decisions import TABLE, ruled
from tests.silver.received import ARRIVED, SETTINGS, bronze, judged, reasons

pytestmark = pytest.mark.spark


def pair(decision: str, left: str, right: str) -> dict[str, str]:
    ends = zip(("left", "right"), (left, right), strict=True)
    named = {
        f"{side}_{part}": text
        for side, end in ends
        for part, text in zip(("type", "value"), end.split(":"), strict=True)
    }
    return {"decision": decision, **named}


def test_decisions_are_of_a_pair_and_refused_where_they_say_nothing(spark: SparkSession) -> None:
    rows = judged(
        "silver.identity_decisions",
        bronze(
            spark,
            "identity_decisions",
            {**pair("exclude", "phone:p1", "loyalty_card:A"), "why": "her daughter's"},
            pair("include", "loyalty_card:B", "loyalty_card:A"),
            pair("guess", "loyalty_card:B", "loyalty_card:A"),
            pair("exclude", "passport:1", "loyalty_card:A"),
            pair("exclude", "loyalty_card:A", "loyalty_card:A"),
            {"decision": "exclude", "left_type": "phone", "left_value": "p1"},
        ),
    )
    assert reasons(rows) == [
        [],
        [],
        ["UNKNOWN_CODE:decision"],
        ["UNKNOWN_CODE:left_type"],
        ["NAMED_TWICE:right_value"],
        ["MISSING_VALUE:right_type", "MISSING_VALUE:right_value"],
    ]
    assert [rows[0][name] for name in TABLE.key] == ["loyalty_card", "A", "phone", "p1"]
    assert [rows[1][name] for name in TABLE.key] == ["loyalty_card", "A", "loyalty_card", "B"]

    good = spark.createDataFrame([tuple(row[name] for name in TABLE.names) for row in rows[:2]], TABLE.schema)
    rules = ruled(SETTINGS.identity.rules, good)
    assert [(one.left.value, one.right.value, one.since, one.why) for one in rules.exclude] == [
        ("A", "p1", ARRIVED, "her daughter's")
    ]
    assert len(rules.include) == 1
    against = good.where("decision = 'include'").replace("include", "exclude", ["decision"])
    with pytest.raises(SettingsError, match="include makes the two one"):
        ruled(rules, against)
