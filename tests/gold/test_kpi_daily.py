"""A day's figures are made again when they may have changed, and only then."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipelines.gold import customer_totals, kpi_daily
from pipelines.lakehouse.lake import Lake
from pipelines.silver import receipt_lines
from tests.days import rows_of
from tests.gold.people import rows
from tests.lakehouse.runs import made, run_of, written

pytestmark = pytest.mark.spark
FIRST, SECOND = date(2024, 3, 1), date(2024, 3, 2)


def line(number: str, on: date, card: str) -> dict[str, Any]:
    amounts = {"quantity": Decimal(1), "net_amount": Decimal("2.00"), "discount_amount": Decimal(0)}
    lineage = {
        "arrived_at": datetime(2024, 3, 3, tzinfo=UTC),
        "file": number,
        "position": 1,
        "content_hash": 1,
    }
    named = {"receipt_id": number, "line_no": 1, "store_id": "S1", "kind": "sale", "product_id": "tea"}
    return {**named, "purchased_on": on, "anchor_type": "card", "anchor_value": card, **amounts, **lineage}


def person(name: str, last: date, receipts_on_first: int = 1) -> dict[str, Any]:
    blank: dict[str, Any] = {c.name: 0 for c in customer_totals.TABLE.columns if not c.nullable}
    money = {name: Decimal(0) for name in ("net_revenue", "online_revenue", "repeat_sales", "discount")}
    dates = {"first_purchase_on": FIRST, "last_purchase_on": last, "first_day_receipts": receipts_on_first}
    return {**blank, **money, "person_id": name, **dates}


def test_who_buys_again_touches_the_new_day_and_not_their_first(spark: SparkSession, tmp_path: Path) -> None:
    def tell(lake: Lake, *lines: dict[str, Any]) -> None:
        written(lake, receipt_lines.TABLE, rows(spark, receipt_lines.TABLE, lines))

    def totals(lake: Lake, row: dict[str, Any]) -> None:
        found = rows(spark, customer_totals.TABLE, [row])
        parent = lake.ensure(customer_totals.TABLE)
        mark = run_of(lake, FIRST).mark("build", contract=customer_totals.TABLE.fingerprint)
        lake.commit(customer_totals.TABLE, found, mark, parent=parent, replace="true")

    daily, whole = Lake(spark, str(tmp_path / "daily")), Lake(spark, str(tmp_path / "whole"))
    tell(daily, line("1", FIRST, "A"))
    totals(daily, person("pA", FIRST))
    assert made(daily, kpi_daily.TABLE.name, SECOND).scope == "rebuilt"
    tell(daily, line("2", SECOND, "A"))
    totals(daily, person("pA", SECOND))
    assert made(daily, kpi_daily.TABLE.name, SECOND).scope == "1 x purchased_on"
    tell(daily, line("3", FIRST, "A"))  # late
    totals(daily, person("pA", SECOND, 2))
    assert made(daily, kpi_daily.TABLE.name, SECOND).scope == "1 x purchased_on"
    tell(whole, line("1", FIRST, "A"), line("2", SECOND, "A"), line("3", FIRST, "A"))
    totals(whole, person("pA", SECOND, 2))
    made(whole, kpi_daily.TABLE.name, SECOND)
    assert rows_of(daily.read(kpi_daily.TABLE)) == rows_of(whole.read(kpi_daily.TABLE))
    found = daily.read(kpi_daily.TABLE).select("purchased_on", "receipts", "repeat_receipts", "new_customers")
    assert sorted(map(tuple, found.collect())) == [(FIRST, 2, 0, 1), (SECOND, 1, 1, 0)]
