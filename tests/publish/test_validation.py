from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from pipelines.errors import DataError
from pipelines.lakehouse.expectations import WARN, at_least, at_most, one_of
from pipelines.lakehouse.table import PERSON, Col, Table
from pipelines.lakehouse.types import INT, STRING
from pipelines.publish.validation import ValidationReport, validate

pytestmark = pytest.mark.spark

TABLE = Table(
    name="gold.mails",
    doc="One row per person and slot.",
    key=("person_id", "slot"),
    columns=(
        PERSON,
        Col("slot", INT, "Place", nullable=False),
        Col("block", STRING, "Where", nullable=False),
        Col("note", STRING, "Remark; null: none"),
    ),
    expect=(at_least("slot", 1), at_most("slot", 9, severity=WARN), one_of("block", ("a", "b"))),
)
LOOSE = "person_id string, slot int, block string, note string"
Row = tuple[str | None, int | None, str | None, str | None]
GOOD: list[Row] = [("p1", 1, "a", None), ("p1", 2, "b", "x"), ("p2", 1, "a", None)]


def validated(spark: SparkSession, rows: list[Row]) -> ValidationReport:
    return validate([(TABLE, spark.createDataFrame(rows, LOOSE))])


def test_good_rows_pass_every_rule(spark: SparkSession) -> None:
    report = validated(spark, GOOD)
    assert [finding.expectation for finding in report.findings] == [
        "columns",
        "not_empty",
        "key_unique",
        "person_id_not_null",
        "slot_not_null",
        "block_not_null",
        "slot_at_least_1",
        "slot_at_most_9",
        "block_known",
    ]
    assert all(finding.success for finding in report.findings)
    report.require()


def test_errors_forbid_publishing_and_warnings_are_told(
    spark: SparkSession, capfd: pytest.CaptureFixture[str]
) -> None:
    bad: list[Row] = [
        ("secret-person", 0, "a", None),
        ("p3", 0, None, None),
        ("p1", 2, "b", "x"),
        ("p4", 12, "c", None),
    ]
    capfd.readouterr()
    report = validated(spark, [*GOOD, *bad])
    assert capfd.readouterr() == ("", "")
    found = {finding.expectation: finding for finding in report.errors}
    assert {name: finding.unexpected for name, finding in found.items()} == {
        "key_unique": 2,
        "block_not_null": 1,
        "slot_at_least_1": 2,
        "block_known": 1,
    }
    assert [(finding.expectation, finding.sample) for finding in report.warnings] == [
        ("slot_at_most_9", ("slot 12",))
    ]
    with pytest.raises(DataError) as refused:
        report.require()
    told = str(refused.value)
    assert "gold.mails: slot_at_least_1 does not hold, 2 rows, such as slot 0" in told
    assert 'tillpost sql "SELECT * FROM gold.mails WHERE NOT (slot >= 1)"' in told
    assert "secret-person" not in told


def test_an_empty_table_is_a_warning(spark: SparkSession) -> None:
    report = validated(spark, [])
    assert [finding.expectation for finding in report.warnings] == ["not_empty"]
    report.require()


def test_other_columns_than_the_contracts_are_an_error(spark: SparkSession) -> None:
    report = validate([(TABLE, spark.createDataFrame(GOOD, LOOSE).select("slot", "person_id"))])
    assert [finding.expectation for finding in report.errors] == ["columns"]
