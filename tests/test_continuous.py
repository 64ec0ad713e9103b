"""Continuous ingest brings into silver what daily runs bring, and a run sees the lake as at its own close."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Timer
from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipelines import context, stages
from pipelines.bronze import records as bronze
from pipelines.context import Skipped
from pipelines.continuous import Continuous
from pipelines.errors import LeaseHeld
from pipelines.flow import of_stage
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.lease import lease
from pipelines.lakehouse.table import ByScope
from pipelines.settings import Settings
from pipelines.silver import receipts
from tests.days import DAYS, MADE, QUARANTINES, Said, contents, land

SILVER = tuple(table for table in MADE if table.layer == "silver")
GOLD = tuple(s.table for s in of_stage("build") if isinstance(s.table.write, ByScope))
CLOSE = datetime(2024, 3, 4, 6, tzinfo=UTC)  # of the golden shop's last day


class Rounds(Continuous):
    """Rounds that do nothing but count themselves, and end the process at the third."""

    count = 0

    def round(self, now: datetime, stop: Event) -> bool:
        self.count += 1
        if self.count == 3:
            stop.set()
        return True


def test_while_it_lives_it_holds_both_leases_and_afterwards_none(shop: Settings) -> None:
    found: list[LeaseHeld] = []

    class Watched(Rounds):
        def round(self, now: datetime, stop: Event) -> bool:
            for stage in ("ingest", "refine"):
                with pytest.raises(LeaseHeld) as held, lease(shop.lake.root, stage, "a run"):
                    pass
                found.append(held.value)
            return super().round(now, stop)

    before = datetime.now(UTC)
    watched = Watched(None, shop, Said())  # type: ignore[arg-type]
    watched.follow(0.0, Event())
    assert watched.count == 3
    assert [held.through is not None and held.through >= before for held in found] == [False] * 2 + [True] * 4
    for stage in ("ingest", "refine"):
        with lease(shop.lake.root, stage, "a run"):
            pass


def test_it_does_not_start_beside_a_run(shop: Settings) -> None:
    with lease(shop.lake.root, "refine", "a run"), pytest.raises(LeaseHeld, match="a run"):
        Rounds(None, shop, Said()).follow(0.0, Event())  # type: ignore[arg-type]


@pytest.mark.parametrize("asked", [True, False])
def test_an_error_ends_it_unless_it_was_told_to_end(shop: Settings, asked: bool) -> None:
    said = Said()

    class Broken(Rounds):
        def round(self, now: datetime, stop: Event) -> bool:
            if asked:
                stop.set()
            raise ConnectionError("the JVM is gone")

    broken = Broken(None, shop, said)  # type: ignore[arg-type]
    if asked:
        broken.follow(0.0, Event())
        assert said.lines == ["stopped in the middle of a cycle; the next start finishes it"]
    else:
        with pytest.raises(ConnectionError):
            broken.follow(0.0, Event())


def test_a_wait_ends_at_once_when_it_is_told_to_end(shop: Settings) -> None:
    class Idle(Rounds):
        def round(self, now: datetime, stop: Event) -> bool:
            return True

    stop = Event()
    Timer(0.2, stop.set).start()
    began = datetime.now(UTC)
    Idle(None, shop, Said()).follow(60.0, stop)  # type: ignore[arg-type]
    assert (datetime.now(UTC) - began).total_seconds() < 10


@pytest.mark.spark
class TestRun:
    """A run beside or after a continuous process."""

    def stage(self, spark: SparkSession, settings: Settings, through: datetime | None) -> Any:
        said = {"continuous": through is not None}
        with (
            lease(settings.lake.root, "ingest", "other", **said) as come_to,
            context.within(spark, settings, DAYS[-1], lambda _: None) as run,
        ):
            if through is not None:
                come_to(through)
            return stages.ingest(run)

    def test_it_leaves_ingest_to_the_process_that_has_come_to_the_close(
        self, spark: SparkSession, shop: Settings
    ) -> None:
        result = self.stage(spark, shop, CLOSE)
        assert isinstance(result, Skipped)
        assert "continuously" in result.why

    def test_it_waits_for_one_that_has_not_and_in_the_end_says_so(
        self, spark: SparkSession, shop: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(context, "CATCH_UP_SECONDS", 0)
        with pytest.raises(LeaseHeld):
            self.stage(spark, shop, CLOSE.replace(hour=5))

    def test_it_fails_where_another_run_is_at_work(self, spark: SparkSession, shop: Settings) -> None:
        with pytest.raises(LeaseHeld):
            self.stage(spark, shop, None)


@pytest.mark.spark
def test_rounds_bring_what_daily_runs_bring_and_a_run_sees_its_own_close(
    spark: SparkSession, shop: Settings, settled_shop: Callable[[], Settings], tmp_path: Path
) -> None:
    waiting = sorted(Path(shop.landing.root).glob("*/arrived=20240304*"))
    aside = [drop.rename(tmp_path / f"not here yet {number}") for number, drop in enumerate(waiting)]
    said = Said()
    process, stop = Continuous(spark, shop, said), Event()
    assert process.round(datetime(2024, 3, 3, 7, tzinfo=UTC), stop)
    cycles = len(said.lines)
    assert process.round(datetime(2024, 3, 3, 8, tzinfo=UTC), stop)
    assert len(said.lines) == cycles, "nothing came, and nothing was done"
    for drop, place in zip(aside, waiting, strict=True):
        drop.rename(place)
    line = '"lines": [{"product_id": "milk", "quantity": 1, "net_amount": 1.20}]'
    late = f'{{"receipt_no": "78", "store_id": "S1", "purchased_at": "2024-03-02T15:00:00Z", {line}}}\n'
    land(shop, "receipts", "20240304T070000Z", "after-the-close.jsonl", late)
    assert Continuous(spark, shop, said).round(datetime(2024, 3, 4, 8, tzinfo=UTC), stop)
    cycled = [line for line in said.lines if " UTC, " in line]
    days = [line.split(", ")[1] for line in cycled]
    assert days == ["2024-03-02", "2024-03-02", "2024-03-03", "2024-03-04"]
    assert cycled[1].endswith("nothing was left to do")

    settled = settled_shop()
    live = [table for table in MADE if table.live]
    tables = (*bronze.TABLES.values(), *SILVER, *live)
    expected = contents(settled, tables, without=("batch",))
    found = contents(shop, tables, without=("batch",), until=DAYS[-1])
    for name in expected:
        assert found[name] == expected[name], name
    assert contents(shop, QUARANTINES, without=("batch",)) == contents(
        settled, QUARANTINES, without=("batch",)
    )
    now = Lake(spark, shop.lake.root).read(receipts.TABLE)
    assert now.count() == len(expected[receipts.TABLE.name]) + 1, "control: silver has gone on"

    with context.within(spark, shop, DAYS[0], lambda _: None) as run:
        assert run.run.replay is not None, (
            "its files were taken with those of the next day: no version is its close's"
        )
    with context.within(spark, shop, DAYS[-1], lambda _: None) as run:
        results = [stages.STAGES[name](run) for name in ("ingest", "refine", "build")]
    assert [isinstance(result, Skipped) for result in results] == [True, True, False]
    assert contents(shop, GOLD) == contents(settled, GOLD)
