"""The laws that the whole flow keeps, on the golden shop: three days with every fault planted."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from itertools import pairwise

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipelines.gold import send_decisions
from pipelines.lakehouse import audit
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.refusal import quarantine_of
from pipelines.lakehouse.table import Facts, Table
from pipelines.settings import Settings
from pipelines.silver import receipt_lines, receipts, sessions, web_events
from tests.conftest import shop_settings
from tests.days import (
    DATA,
    DAYS,
    HISTORIES,
    JOURNALS,
    MADE,
    SNAPSHOTS,
    STATES,
    contents,
    land,
    run_day,
    versions,
)

pytestmark = pytest.mark.spark

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
    daily = contents(settled_shop(), STATES, without=NUMBERED)
    whole = contents(rebuilt, STATES, without=NUMBERED)
    for name in daily:
        assert daily[name] == whole[name], name


def test_a_snapshot_equals_the_one_of_a_rebuild(
    spark: SparkSession, settled_shop: Callable[[], Settings], rebuilt: Settings
) -> None:
    assert of_date(spark, settled_shop(), SNAPSHOTS, DAYS[-1]) == of_date(spark, rebuilt, SNAPSHOTS, DAYS[-1])


@pytest.mark.parametrize("table", HISTORIES, ids=lambda table: table.name)
def test_a_history_ends_with_what_a_rebuild_finds_and_its_spells_do_not_touch(
    spark: SparkSession, settled_shop: Callable[[], Settings], rebuilt: Settings, table: Table
) -> None:
    begins, ends = table.write.begins, table.write.ends
    unit = [name for name in table.key if name != begins]
    daily, whole = (Lake(spark, s.lake.root).read(table) for s in (settled_shop(), rebuilt))
    last = [rows.where(F.col(ends).isNull()).select(*unit).collect() for rows in (daily, whole)]
    assert sorted(last[0]) == sorted(last[1]) != []
    spells = sorted(daily.select(*unit, begins, ends).collect(), key=lambda row: tuple(row)[:-1])
    for one, other in pairwise(spells):
        if one[:-2] == other[:-2]:
            assert one[-1] is not None
            assert one[-1] <= other[-2]
    assert any(row[-1] is not None for row in spells), "control: somebody left a segment"


@pytest.mark.parametrize("table", JOURNALS, ids=lambda table: table.name)
def test_what_a_journal_decided_stands_and_a_date_brings_the_rows_that_a_rebuild_finds(
    spark: SparkSession, settled_shop: Callable[[], Settings], rebuilt: Settings, table: Table
) -> None:
    begins, ends = table.write.begins, table.write.ends
    first, last = (
        set(contents(settled_shop(), [table], until=day)[table.name]) for day in (DAYS[0], DAYS[-1])
    )
    decided = {row for row in first if f"'{ends}': None" not in row}
    assert decided <= last
    assert decided
    daily, whole = (
        Lake(spark, s.lake.root)
        .read(table)
        .where(F.col(begins) == F.lit(DAYS[-1]))
        .select(*table.key)
        .collect()
        for s in (settled_shop(), rebuilt)
    )
    assert sorted(daily) == sorted(whole) != []


def test_every_receipt_of_a_day_gives_exactly_one_decision(
    spark: SparkSession, settled_shop: Callable[[], Settings]
) -> None:
    """Ben gave no address, one is nobody's, one came two days late and has none.

    For Anna there is nothing to say until Cleo's late receipt tells on the third day that others buy something else.
    """
    lake = Lake(spark, settled_shop().lake.root)
    rows = lake.read(send_decisions.TABLE).where("trigger = 'receipt_mail'").orderBy("candidate_id").collect()
    assert [(row.candidate_id, row.outcome, row.refused_by) for row in rows] == [
        ("receipt_mail/S1/T1/1/2024-03-01", "refused", "blocks"),
        ("receipt_mail/S1/T1/2/2024-03-01", "refused", "identified"),
        ("receipt_mail/S1/T1/4/2024-03-02", "refused", "blocks"),
        ("receipt_mail/S1/T1/6/2024-03-03", "sent", None),
        ("receipt_mail/S2/T1/12/2024-03-02", "refused", "consent"),
        ("receipt_mail/S2/T1/3/2024-03-01", "refused", "consent"),
        ("receipt_mail/S2/T1/5/2024-03-02", "refused", "consent"),
    ]


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
    assert runs.where("`table` LIKE 'silver.%' AND received != accepted + refused + duplicates").isEmpty()
    for table in (table for table in MADE if isinstance(table.write, Facts)):
        total = (
            runs.where(F.col("table") == table.name)
            .agg(*(F.sum(c) for c in ("received", "accepted", "refused", "duplicates", "superseded")))
            .first()
        )
        assert total is not None
        if lake.head(table) is None:  # nothing arrived of which it could be made
            assert lake.head(table.reads[0].table) is None
            continue
        received, accepted, refused, duplicates, superseded = total
        assert received == accepted + refused + duplicates
        assert lake.read(table).count() == accepted - superseded
        assert lake.read(quarantine_of(table)).count() == refused
        records = table.reads[0].table
        if records.short == table.short:  # a table of lines has more rows than records
            assert lake.read(records).count() == received


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
    assert reasons(web_events.TABLE) == {(3, 0, "NOT_JSON", "record")}


def test_visits_cross_midnight_and_a_crawler_is_kept(
    spark: SparkSession, settled_shop: Callable[[], Settings]
) -> None:
    """Anna's last page of the second day is a day late; Ben's purchase is of the third, and ends a visit of the
    second.
    """
    rows = Lake(spark, settled_shop().lake.root).read(sessions.TABLE).collect()
    found = {
        (row["visitor_value"], str(row["started_on"]), row["events"], row["channel"], row["is_crawler"])
        for row in rows
    }
    assert found == {
        ("k1", "2024-03-01", 3, "Email", False),
        ("k9", "2024-03-01", 1, "Direct", True),
        ("k2", "2024-03-02", 2, "Organic Search", False),
    }


def test_a_late_record_repairs_what_it_touches_and_nothing_else(
    spark: SparkSession, rebuilt: Settings
) -> None:
    """Last in this module, since it lands one more file in the rebuilt lake."""
    before = contents(rebuilt)
    record = {
        "receipt_no": "77",
        "store_id": "S2",
        "purchased_at": "2024-03-02T15:00:00Z",
        "loyalty_card": "C2",
        "lines": [{"product_id": "diapers", "quantity": 2, "net_amount": 25.00}],
    }
    land(rebuilt, "receipts", "20240304T010000Z", "late.jsonl", json.dumps(record) + "\n")
    written = set(run_day(spark, rebuilt, DAYS[-1]))
    after = contents(rebuilt)
    assert {"silver.receipts", "silver.receipt_lines", "gold.product_days", "gold.customer_totals"} <= written
    for name in ("silver.products", "silver.engagement", "silver.customers"):
        assert name not in written
        assert after[name] == before[name]
    for name in ("silver.receipts", "gold.product_days", "gold.kpi_daily"):
        other_days = [
            [row for row in found[name] if "date(2024, 3, 2)" not in row] for found in (before, after)
        ]
        assert other_days[0] == other_days[1]
        assert before[name] != after[name]
