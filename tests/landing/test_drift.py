"""Fields that no contract names are found in what was appended, and told with their names."""

from __future__ import annotations

import json

import pytest
from pyspark.sql import SparkSession

from pipelines.landing import receipts
from pipelines.landing.drift import LOOKED_AT, Drift, drift_in

pytestmark = pytest.mark.spark


def drift(spark: SparkSession, *payloads: bytes | None, first: int = 1) -> Drift | None:
    rows = [(first + number, payload) for number, payload in enumerate(payloads)]
    return drift_in(spark.createDataFrame(rows, "position long, payload binary"), receipts.SOURCE)


def record(**fields: object) -> bytes:
    line = {"product_id": "milk", "quantity": 1}
    return json.dumps({"receipt_no": "1", "lines": [line], **fields}).encode()


def test_known_fields_and_those_that_carry_more_are_no_news(spark: SparkSession) -> None:
    kept = {"vendor": {"x": 1}, "vendor_private": "record:1", "vendor_record": "record:2"}
    assert (
        drift(spark, record(), record(**kept), b'{"sealed_record": "record:3"}', b"{torn", b"[1]", None)
        is None
    )


def test_new_fields_are_named_and_their_records_counted(spark: SparkSession) -> None:
    found = drift(
        spark,
        record(),
        record(weather="rain", colour="red"),
        record(weather="dry"),
        record(lines=[{"product_id": "milk", "vat_rate": 7}]),
    )
    assert found == Drift("receipts", ("colour", "lines.vat_rate", "weather"), 3)
    assert str(found).startswith("new fields from receipts: colour, lines.vat_rate, weather (in 3 of")


def test_the_first_records_of_a_file_are_looked_at(spark: SparkSession) -> None:
    assert drift(spark, record(weather="rain"), first=LOOKED_AT) is not None
    assert drift(spark, record(weather="rain"), first=LOOKED_AT + 1) is None
