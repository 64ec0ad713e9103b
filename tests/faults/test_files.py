"""Files as bad as they come, in one drop: each fault has its reason, and the good records stand."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from pipelines import context, stages
from pipelines.bronze import records as bronze
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.refusal import quarantine_of
from pipelines.settings import Settings
from pipelines.silver import receipts
from tests.conftest import copy_of
from tests.days import DAYS, contents, land

pytestmark = pytest.mark.spark

ARRIVED = "20240304T010000Z"
FOLDER = f"receipts/arrived={ARRIVED}"


def receipt(number: str, at: str = "2024-03-02T15:00:00Z", **more: Any) -> str:
    line = {"product_id": "milk", "quantity": 1, "net_amount": 1.20, **more.pop("line", {})}
    return (
        json.dumps({"receipt_no": number, "store_id": "S2", "purchased_at": at, "lines": [line], **more})
        + "\n"
    )


FILES: dict[str, bytes] = {
    "torn.jsonl.gz": gzip.compress((receipt("torn") * 50).encode())[:-20],
    "plain.jsonl.gz": receipt("plain").encode(),
    "packed.jsonl": gzip.compress(receipt("packed").encode(), mtime=0),
    "half.jsonl": (receipt("before-half") + receipt("half")[:60]).encode(),
    "latin.jsonl": receipt("latin", till_id="Kasse \xe4").encode("utf-8").replace(b"\\u00e4", b"\xe4"),
    "column.jsonl": receipt("column", weather="rain", line={"vat_rate": 7}).encode(),
    "type.jsonl": receipt("type", at="yesterday").encode()
    + receipt("type-line", line={"quantity": "two"}).encode(),
    "late.jsonl": receipt("40-days", at="2024-01-23T10:00:00Z").encode(),
}


@dataclass(frozen=True)
class Landed:
    settings: Settings
    before: dict[str, list[str]]
    said: list[str]


@pytest.fixture(scope="module")
def landed(
    spark: SparkSession, settled_shop: Callable[[], Settings], tmp_path_factory: pytest.TempPathFactory
) -> Landed:
    settings = copy_of(settled_shop(), tmp_path_factory.mktemp("bad"))
    for name, content in FILES.items():
        land(settings, "receipts", ARRIVED, name, "").write_bytes(content)
    before = contents(settings, (receipts.TABLE,))
    with context.within(spark, settings, DAYS[-1], lambda _: None) as run:
        said = stages.said_of(stages.ingest(run))
        stages.refine(run)
    return Landed(settings, before, said)


def refused(spark: SparkSession, settings: Settings, file: str) -> list[Row]:
    lake = Lake(spark, settings.lake.root)
    rows = lake.read(quarantine_of(receipts.TABLE)).where(F.col("file") == f"{FOLDER}/{file}")
    return rows.orderBy("position").collect()


@pytest.mark.parametrize(
    ("file", "position", "code"),
    [
        ("torn.jsonl.gz", 0, "FILE_REFUSED"),
        ("plain.jsonl.gz", 0, "FILE_REFUSED"),
        ("packed.jsonl", 1, "NOT_JSON"),
        ("half.jsonl", 2, "NOT_JSON"),
        ("latin.jsonl", 1, "BAD_ENCODING"),
        ("type.jsonl", 1, "WRONG_TYPE"),
    ],
)
def test_what_is_bad_is_refused_with_its_reason(
    spark: SparkSession, landed: Landed, file: str, position: int, code: str
) -> None:
    first = refused(spark, landed.settings, file)[0]
    assert (first["position"], first["reasons"][0]["code"]) == (position, code)


def test_what_is_good_beside_it_stands(spark: SparkSession, landed: Landed) -> None:
    lake = Lake(spark, landed.settings.lake.root)
    ours = lake.read(receipts.TABLE).where(F.col("file").startswith(FOLDER))
    assert {row["receipt_id"].split("/")[2] for row in ours.collect()} == {
        "before-half",
        "column",
        "type-line",
        "40-days",
    }


def test_a_new_column_is_kept_and_reported(spark: SparkSession, landed: Landed) -> None:
    assert landed.said == [
        "new fields from receipts: lines.vat_rate, weather (in 1 of the first 100 records of each file); "
        "kept in bronze, read by no table"
    ]
    rows = Lake(spark, landed.settings.lake.root).read(bronze.TABLES["receipts"])
    (kept,) = rows.where(F.col("file") == f"{FOLDER}/column.jsonl").collect()
    assert json.loads(kept["payload"])["weather"] == "rain"


def test_a_receipt_40_days_late_joins_its_own_day_and_no_other(spark: SparkSession, landed: Landed) -> None:
    after = contents(landed.settings, (receipts.TABLE,))[receipts.TABLE.name]
    new = set(after) - set(landed.before[receipts.TABLE.name])
    assert set(landed.before[receipts.TABLE.name]) <= set(after)
    (late,) = (row for row in new if "40-days" in row)
    assert "'purchased_on': datetime.date(2024, 1, 23)" in late
