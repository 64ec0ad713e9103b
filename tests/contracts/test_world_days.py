"""Random days of the simulated world, run one after another, come to what one run gives; and the laws of gold hold."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipelines import runner
from pipelines.gold import customer_totals, interest_profiles, kpi_daily, kpi_monthly, loyalty_ledger
from pipelines.gold.loyalty_ledger import EXPIRY
from pipelines.incremental import Choice, dealt
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.store_sail import is_sail
from pipelines.settings import Settings
from pipelines.silver import receipt_lines
from tests.conftest import shop_settings
from tests.days import left_by, run_day
from tests.simulate.worlds import WORLD, Made

pytestmark = pytest.mark.spark

LAST = WORLD.days - 1
DAYS = (*sorted(random.Random(6).sample(range(LAST), 3)), LAST)
UNTIL_BUILD = ("ingest", "refine", "build")


def settings_in(place: Path, world: Made, *more: str) -> Settings:
    return shop_settings(
        place,
        f"landing.root={world.place / 'landing'}",
        f"business.time_zone={WORLD.time_zone}",
        "loyalty.expire_days=9",  # so that points expire on the days between
        *more,
    )


@pytest.fixture(scope="module")
def daily(spark: SparkSession, world: Made, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The world in a lake that was run on each of the days."""
    settings = settings_in(tmp_path_factory.mktemp("daily"), world)
    for number in DAYS:
        run_day(spark, settings, WORLD.on(number), UNTIL_BUILD)
    return settings


def test_random_days_are_a_rebuild(
    spark: SparkSession, world: Made, daily: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rebuild in parts, where the engine needs parts."""
    parts: list[int] = []

    def counted(part: int, of: int) -> Choice:
        parts.append(of)
        return dealt(part, of)

    monkeypatch.setattr(runner, "dealt", counted)
    whole = settings_in(tmp_path, world, "runner.rows_at_once=150")
    run_day(spark, whole, WORLD.on(LAST), UNTIL_BUILD)
    found, rebuilt = (left_by(each, WORLD.on(LAST)) for each in (daily, whole))
    gold = {name for name, rows in rebuilt.items() if name.startswith("gold.") and rows}
    assert {t.name for t in (customer_totals.TABLE, interest_profiles.TABLE, loyalty_ledger.TABLE)} <= gold
    assert [name for name in sorted(gold) if found[name] != rebuilt[name]] == []
    assert (max(parts, default=1) > 1) == is_sail(spark), "control: some table was made in parts"


def test_every_cent_is_somebody_s_or_the_unidentified_s(spark: SparkSession, daily: Settings) -> None:
    lake = Lake(spark, daily.lake.root)

    def total(rows: str, of: str) -> Decimal:
        return Decimal(spark.sql(f"SELECT sum({of}) FROM {rows}").collect()[0][0])

    for table in (receipt_lines.TABLE, customer_totals.TABLE, kpi_daily.TABLE, kpi_monthly.TABLE):
        lake.read(table).createOrReplaceTempView(table.short)
    of_nobody = total("kpi_monthly WHERE metric = 'revenue' AND member = 'unidentified'", "numerator")
    online = total("kpi_daily", "online_revenue")
    assert min(of_nobody, online) > 0
    assert (
        total("customer_totals", "net_revenue") + of_nobody == total("receipt_lines", "net_amount") + online
    )


def test_balances_are_sums_and_affinities_are_shares(spark: SparkSession, daily: Settings) -> None:
    lake = Lake(spark, daily.lake.root)
    entries = lake.read(loyalty_ledger.TABLE).collect()
    sums: dict[str, int] = {}
    for row in sorted(entries, key=lambda row: (row.person_id, row.entry_no)):
        sums[row.person_id] = sums.get(row.person_id, 0) + row.points
        assert row.balance == sums[row.person_id]
        assert row.reason
    kinds = (
        lake.read(interest_profiles.TABLE).groupBy("person_id", "kind").agg(F.sum("affinity").alias("all"))
    )
    assert {"accrual", "redemption", EXPIRY} <= {row.kind for row in entries}
    assert not kinds.where(F.abs(F.col("all") - 1) > 1e-9).count()
    assert kinds.count()
