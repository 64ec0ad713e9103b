"""Values that somebody wrote to break out of where they belong: into SQL, into a path, into a shell, into YAML."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipelines import query
from pipelines.bronze import files as ledger
from pipelines.errors import DataError, SettingsError, SystemFault, UsageError
from pipelines.lakehouse.lake import Lake, any_of
from pipelines.settings import Settings, load
from tests.conftest import copy_of
from tests.days import DAYS, land, run_day

QUOTES = (
    "it's",
    "x' OR 'a' = 'a",
    "\\",
    "\\' OR true --",
    '"; DROP TABLE gold.kpi_daily; --',
    "a\nb",
    "%",
    "$(id)",
)


def test_a_setting_is_data_and_never_code(tmp_path: Path) -> None:
    owned = tmp_path / "owned"
    settings = load(sets=[f"lake.root=!!python/object/apply:os.system ['touch {owned}']"])
    assert settings.lake.root.startswith("!!python"), "it is a folder of an odd name"
    with pytest.raises(SystemFault, match="There is no lake"):
        query.listing(settings.lake.root)
    assert not owned.exists()


@pytest.mark.parametrize("value", ["{business: {__class__: x}}", "__init__.__globals__=x"])
def test_a_setting_reaches_no_attribute_but_settings(value: str) -> None:
    with pytest.raises(SettingsError):
        load(sets=[f"lake.{value}" if "=" in value else f"lake={value}"])


@pytest.mark.parametrize("root", ["/none'; ATTACH 'x' AS y; --", '/none" UNION SELECT 1 --'])
def test_the_path_of_a_lake_is_no_part_of_a_query(root: str) -> None:
    with pytest.raises(SystemFault, match="There is no lake"):
        query.select(root, "SELECT * FROM gold.kpi_daily")


@pytest.mark.spark
def test_a_predicate_holds_values_whatever_they_say(spark: SparkSession) -> None:
    rows = spark.createDataFrame([(value,) for value in (*QUOTES, "innocent")], "key string")
    for value in QUOTES:
        found = rows.where(any_of("key", [value])).collect()
        assert [row.key for row in found] == [value]


@pytest.mark.spark
def test_a_release_is_a_name_and_no_condition(settled_shop: Callable[[], Settings]) -> None:
    for name in QUOTES:
        with pytest.raises((DataError, UsageError), match="no release"):
            query.select(settled_shop().lake.root, "SELECT 1 AS n FROM gold.kpi_daily", release=name)


@pytest.mark.spark
def test_a_file_of_a_hostile_name_is_a_file_like_any_other(
    spark: SparkSession, settled_shop: Callable[[], Settings], tmp_path: Path
) -> None:
    settings = copy_of(settled_shop(), tmp_path)
    names = [f"it's $(touch {number}) ; & %2e%2e ' OR 1=1 --.jsonl" for number in range(2)]
    for number, name in enumerate(names):
        receipt = {
            "receipt_no": f"9{number}",
            "store_id": "S1'; --",
            "purchased_at": "2024-03-03T16:00:00Z",
            "loyalty_card": "x' OR 'a' = 'a",
            "lines": [{"product_id": "<img src=x onerror=alert(1)>", "quantity": 1, "net_amount": 1.00}],
        }
        land(settings, "receipts", "20240304T020000Z", name, json.dumps(receipt) + "\n")
    run_day(spark, settings, DAYS[-1], ("ingest", "refine"))
    taken = Lake(spark, settings.lake.root).read(ledger.TABLE).select("file").collect()
    assert {row.file.rsplit("/", 1)[-1] for row in taken} >= set(names)
    question = "SELECT store_id, product_id FROM silver.receipt_lines WHERE receipt_id LIKE '%/9_/%'"
    lines = query.select(settings.lake.root, question).to_pylist()
    assert lines == [{"store_id": "S1'; --", "product_id": "<img src=x onerror=alert(1)>"}] * 2
    assert not list(Path.cwd().glob("[01]"))
