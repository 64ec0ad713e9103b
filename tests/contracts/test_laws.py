"""The laws that the whole flow keeps, on the golden shop: three days with every fault planted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipelines.bronze import records as bronze
from pipelines.lakehouse import audit
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.refusal import quarantine_of
from pipelines.lakehouse.table import Facts, Snapshot, Table
from pipelines.settings import Settings
from pipelines.silver import receipt_lines, receipts
from tests.conftest import shop_settings
from tests.days import DATA, DAYS, MADE, contents, land, run_day, versions

pytestmark = pytest.mark.spark

SNAPSHOTS = tuple(table for table in MADE if isinstance(table.write, Snapshot))
STATES = tuple(table for table in DATA if table not in SNAPSHOTS)
NUMBERED = ("batch",)  # a rebuild from one drop has one batch


def of_date(
    spark: SparkSession, settings: Settings, tables: tuple[Table, ...], day: date
) -> dict[str, list[str]]:
    lake = Lake(spark, settings.lake.root)
    return {
        t.name: sorted(map(str, lake.read(t).where(F.col("as_of") == F.lit(day)).collect())) for t in tables
    }


@pytest.fixture(scope="module")
def rebuilt(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The same landing files, all taken in at once."""
    settings = shop_settings(tmp_path_factory.mktemp("rebuilt"))
    run_day(spark, settings, DAYS[-1])
    return settings


def test_day_by_day_equals_a_rebuild(
    spark: SparkSession, settled_shop: Callable[[], Settings], rebuilt: Settings
) -> None:
    daily = contents(spark, settled_shop(), STATES, without=NUMBERED)
    whole = contents(spark, rebuilt, STATES, without=NUMBERED)
    for name in daily:
        assert daily[name] == whole[name], name


def test_a_snapshot_equals_the_one_of_a_rebuild(
    spark: SparkSession, settled_shop: Callable[[], Settings], rebuilt: Settings
) -> None:
    assert of_date(spark, settled_shop(), SNAPSHOTS, DAYS[-1]) == of_date(spark, rebuilt, SNAPSHOTS, DAYS[-1])


def test_a_past_date_gives_what_its_own_run_gave_and_changes_nothing_else(
    spark: SparkSession, settled_shop: Callable[[], Settings], rebuilt: Settings
) -> None:
    before = versions(rebuilt, STATES)
    run_day(spark, rebuilt, DAYS[0])
    assert versions(rebuilt, STATES) == before
    for day in (DAYS[0], DAYS[-1]):
        assert of_date(spark, rebuilt, SNAPSHOTS, day) == of_date(spark, settled_shop(), SNAPSHOTS, day)


def test_a_rerun_writes_no_version(spark: SparkSession, settled_shop: Callable[[], Settings]) -> None:
    settings = settled_shop()
    before = versions(settings, (*DATA, audit.TABLE))
    assert run_day(spark, settings, DAYS[-1]) == []
    assert versions(settings, (*DATA, audit.TABLE)) == before


def test_received_is_accepted_refused_and_duplicates(
    spark: SparkSession, settled_shop: Callable[[], Settings]
) -> None:
    lake = Lake(spark, settled_shop().lake.root)
    runs = lake.read(audit.TABLE)
    assert runs.where("table LIKE 'silver.%' AND received != accepted + refused + duplicates").isEmpty()
    for table in (table for table in MADE if isinstance(table.write, Facts)):
        total = (
            runs.where(F.col("table") == table.name)
            .agg(*(F.sum(c) for c in ("received", "accepted", "refused", "duplicates", "superseded")))
            .first()
        )
        assert total is not None
        received, accepted, refused, duplicates, superseded = total
        assert received == accepted + refused + duplicates
        assert lake.read(table).count() == accepted - superseded
        assert lake.read(quarantine_of(table)).count() == refused
        if table is not receipt_lines.TABLE:
            assert lake.read(bronze.TABLES[table.short]).count() == received


def test_every_fault_is_in_quarantine_with_its_reasons(
    spark: SparkSession, settled_shop: Callable[[], Settings]
) -> None:
    lake = Lake(spark, settled_shop().lake.root)

    def reasons(table: Table) -> set[tuple[int, int, str, str]]:
        rows = (
            lake.read(quarantine_of(table))
            .select("position", "item", F.explode("reasons").alias("r"))
            .collect()
        )
        return {(row["position"], row["item"], row["r"]["code"], row["r"]["column"]) for row in rows}

    assert reasons(receipts.TABLE) == {
        (3, 0, "NOT_JSON", "record"),
        (4, 0, "MISSING_VALUE", "purchased_at"),
        (6, 0, "FUTURE", "purchased_at"),
    }
    assert reasons(receipt_lines.TABLE) == {
        (4, 1, "RECEIPT_REFUSED", "receipt_id"),
        (5, 2, "BELOW_MINIMUM", "net_amount"),
        (6, 1, "RECEIPT_REFUSED", "receipt_id"),
        (7, 1, "WRONG_TYPE", "quantity"),
    }


def test_a_late_record_repairs_what_it_touches_and_nothing_else(spark: SparkSession, shop: Settings) -> None:
    run_day(spark, shop, DAYS[-1])
    before = contents(spark, shop)
    land(
        shop,
        "receipts",
        "20240305T003000Z",
        "late.jsonl",
        '{"receipt_no": "77", "store_id": "S2", "purchased_at": "2024-03-02T15:00:00Z", "loyalty_card": "C2",'
        ' "lines": [{"product_id": "diapers", "quantity": 2, "net_amount": 25.00}]}\n',
    )
    written = run_day(spark, shop, date(2024, 3, 4))
    after = contents(spark, shop)
    assert {
        "silver.receipts",
        "silver.receipt_lines",
        "gold.purchase_days",
        "gold.product_days",
        "gold.customer_totals",
    } <= set(written)
    assert "silver.products" not in written
    for name in ("silver.products", "silver.engagement", "gold.kpi_daily"):
        assert [r for r in after[name] if "2024, 3, 2" not in r] == [
            r for r in before[name] if "2024, 3, 2" not in r
        ]


def test_the_order_of_arrival_does_not_matter(spark: SparkSession, shop: Settings, tmp_path: Path) -> None:
    """The same receipt with two contents: the same one wins, whichever came first."""
    record = (
        '{{"receipt_no": "1", "store_id": "S9", "purchased_at": "2024-03-01T10:00:00Z",'
        ' "lines": [{{"product_id": "{good}", "quantity": 1, "net_amount": 1.00}}{more}]}}\n'
    )
    first = record.format(good="milk", more="")
    second = record.format(good="bread", more=', {"product_id": "milk", "quantity": 1, "net_amount": 2.00}')
    found = []
    for name, order in (("one", (first, second)), ("two", (second, first))):
        settings = shop_settings(tmp_path / name)
        for arrived, text in zip(("20240302T010000Z", "20240303T010000Z"), order, strict=True):
            land(settings, "receipts", arrived, "corrected.jsonl", text)
        for day in DAYS[:2]:
            run_day(spark, settings, day, ("ingest", "refine"))
        lines = Lake(spark, settings.lake.root).read(receipt_lines.TABLE).where("store_id = 'S9'")
        found.append(
            sorted(map(str, lines.select("line_no", "product_id", "net_amount", "content_hash").collect()))
        )
    assert found[0] == found[1]
    assert len(found[0]) in (1, 2)
