"""The ledger or a table is dropped or restored: the next run loses nothing, and takes nothing twice."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipelines.bronze import files as ledger
from pipelines.bronze import records as bronze
from pipelines.lakehouse import audit
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.mark import Mark
from pipelines.lakehouse.table import Facts, Table
from pipelines.settings import Settings
from pipelines.silver import receipts
from tests.conftest import copy_of, shop_settings
from tests.days import DAYS, MADE, QUARANTINES, contents, land, run_day

pytestmark = pytest.mark.spark

SILVER = tuple(table for table in MADE if table.layer == "silver")
TABLES = (*bronze.TABLES.values(), *SILVER, *QUARANTINES)
UNTIL_SILVER = ("ingest", "refine")

Spoil = Callable[[Lake], object]


def dropped(table: Table) -> Spoil:
    return lambda lake: shutil.rmtree(lake.path(table))


def restored(table: Table, version: int) -> Spoil:
    return lambda lake: lake.store.restore(lake.path(table), version)


@pytest.fixture(scope="module")
def settled(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The golden shop of two feeds, the least that can differ, after its three days."""
    settings = shop_settings(tmp_path_factory.mktemp("settled"), feeds=("receipts", "campaigns"))
    for day in DAYS:
        run_day(spark, settings, day, UNTIL_SILVER)
    return settings


def defined_anew(table: Table) -> Spoil:
    """As when a contract with other columns or rules comes."""
    return lambda lake: lake.ensure(replace(table, version=table.version + 1, expect=()))


def with_new_files(settled: Settings, place: Path) -> Settings:
    """A copy of the settled shop in which files have just landed: a good receipt and a bad one, and a campaign."""
    settings = copy_of(settled, place)
    line = '"lines": [{"product_id": "milk", "quantity": 1, "net_amount": 1.20}]'
    good = f'{{"receipt_no": "77", "store_id": "S2", "purchased_at": "2024-03-02T15:00:00Z", {line}}}'
    land(settings, "receipts", "20240304T010000Z", "late.jsonl", good + '\n{"receipt_no": "torn\n')
    campaign = '{"campaign_id": "9", "name": "May", "channel": "email", "starts_on": "2024-05-01"}\n'
    land(settings, "campaigns", "20240304T010000Z", "may.jsonl", campaign)
    return settings


def after(spark: SparkSession, settings: Settings, spoil: Spoil | None) -> dict[str, list[str]]:
    """What every table up to silver holds after the next run."""
    if spoil is not None:
        spoil(Lake(spark, settings.lake.root))
    run_day(spark, settings, DAYS[-1], UNTIL_SILVER)
    return contents(settings, TABLES, without=("batch",))


@pytest.fixture(scope="module")
def undisturbed(
    spark: SparkSession, settled: Settings, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[str]]:
    settings = with_new_files(settled, tmp_path_factory.mktemp("undisturbed"))
    return after(spark, settings, None)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(dropped(ledger.TABLE), id="ledger dropped"),
        pytest.param(restored(ledger.TABLE, 1), id="ledger restored to its first batch"),
        pytest.param(restored(bronze.TABLES["receipts"], 1), id="bronze restored"),
        pytest.param(dropped(bronze.TABLES["campaigns"]), id="bronze dropped and as many commits as before"),
        pytest.param(dropped(receipts.TABLE), id="silver dropped"),
        pytest.param(defined_anew(receipts.TABLE), id="silver defined anew"),
    ],
)
def test_no_loss_and_no_duplicate(
    spark: SparkSession,
    settled: Settings,
    tmp_path: Path,
    undisturbed: dict[str, list[str]],
    spoil: Spoil,
) -> None:
    settings = with_new_files(settled, tmp_path)
    found = after(spark, settings, spoil)
    for name in undisturbed:
        assert found[name] == undisturbed[name], name
    lake = Lake(spark, settings.lake.root)
    hold_accounts(lake)
    assert lake.read(ledger.TABLE).groupBy("source", "file").count().where("count > 1").isEmpty()
    assert run_day(spark, settings, DAYS[-1], UNTIL_SILVER) == []


def as_it_stands(lake: Lake, *_: object) -> int:
    """The ledger as it is, whatever bronze says."""
    lake.ensure(ledger.TABLE)
    return ledger.done(lake.head(ledger.TABLE))


def hold_accounts(lake: Lake) -> None:
    """Of each fact table, since it was last rebuilt: received = accepted + refused + duplicates, and all of bronze."""
    runs = lake.read(audit.TABLE)
    for table in (t for t in SILVER if isinstance(t.write, Facts) and lake.head(t) is not None):
        own = runs.where(F.col("table") == table.name)
        since = own.where("rebuilt").agg(F.max("output_version")).collect()[0][0]
        settled = F.col("accepted") + F.col("refused") + F.col("duplicates")
        account = own.where(F.col("output_version") >= since).agg(F.sum("received"), F.sum(settled)).collect()
        received, accounted = account[0]
        assert received == accounted, table.name
        records = table.reads[0].table
        if records.short == table.short:  # a table of lines has more rows than records
            assert lake.read(records).count() == received, table.name


@pytest.mark.parametrize(
    ("spoil", "protection", "lost"),
    [
        (dropped(ledger.TABLE), "ledger", "bronze.receipts"),
        (dropped(bronze.TABLES["campaigns"]), "origin", "silver.campaigns"),
    ],
)
def test_control_without_the_protection_records_are_lost(
    spark: SparkSession,
    settled: Settings,
    tmp_path: Path,
    undisturbed: dict[str, list[str]],
    monkeypatch: pytest.MonkeyPatch,
    spoil: Spoil,
    protection: str,
    lost: str,
) -> None:
    if protection == "ledger":
        monkeypatch.setattr(ledger, "mended", as_it_stands)
    else:
        monkeypatch.setattr(Mark, "follows", lambda *_: True)
    found = after(spark, with_new_files(settled, tmp_path), spoil)
    assert len(found[lost]) < len(undisturbed[lost])
