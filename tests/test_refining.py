"""A history goes into silver in parts, and comes to the same as all at once, killed between two parts or not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from pipelines.bronze import files as ledger
from pipelines.bronze import records as bronze
from pipelines.lakehouse import log
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.store_sail import SailStore
from pipelines.landing.files import Landed
from pipelines.settings import Settings
from pipelines.silver import receipts
from tests.conftest import shop_settings
from tests.days import DAYS, MADE, QUARANTINES, contents, land, run_day
from tests.silver.received import ARRIVED

SILVER = (*(table for table in MADE if table.layer == "silver"), *QUARANTINES)
UNTIL_SILVER = ("ingest", "refine")
FEEDS = ("receipts", "stores", "campaigns")
LINE = '"lines": [{"product_id": "milk", "quantity": 1, "net_amount": 1.20}]'


def test_files_go_into_batches_by_what_they_hold_and_one_alone_that_holds_too_much() -> None:
    sizes = {"a.jsonl": 40, "b.jsonl": 60, "c.jsonl": 1, "d.jsonl.gz": 20, "e.jsonl": 30}
    found = [Landed("receipts", name, size, ARRIVED) for name, size in sizes.items()]
    assert ledger.batched(found, 7, most=100) == [8, 8, 9, 10, 11]  # the packed one holds 160


def shop(place: Path, *more: str) -> Settings:
    """Of the golden shop what makes facts that look up others; with a receipt that is refused, and one sent again."""
    settings = shop_settings(place, *more, feeds=FEEDS)
    for number, arrived in enumerate(("20240303T010000Z", "20240304T010000Z")):
        good = f'{{"receipt_no": "77", "store_id": "S2", "purchased_at": "2024-03-02T15:00:00Z", {LINE}}}'
        land(settings, "receipts", arrived, f"{number}.jsonl", good + '\n{"receipt_no": "torn\n')
    return settings


def held(settings: Settings) -> dict[str, list[str]]:
    return contents(settings, SILVER, without=("batch",))


@pytest.fixture(scope="module")
def at_once(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    settings = shop(tmp_path_factory.mktemp("once"))
    run_day(spark, settings, DAYS[-1], UNTIL_SILVER)
    assert len(_parts(spark, settings)) == 1
    return held(settings)


def _parts(spark: SparkSession, settings: Settings) -> list[log.Commit]:
    """The commits of facts to the receipts, the oldest first."""
    path = Lake(spark, settings.lake.root).path(receipts.TABLE)
    return [commit for commit in reversed(list(log.commits(path))) if commit.mark]


@pytest.mark.spark
@pytest.mark.engines
def test_in_parts_equals_at_once(spark: SparkSession, tmp_path: Path, at_once: dict[str, list[str]]) -> None:
    settings = shop(tmp_path, "landing.batch_bytes=1")
    run_day(spark, settings, DAYS[-1], UNTIL_SILVER)
    parts = [commit.mark for commit in _parts(spark, settings) if commit.mark]
    assert [part.rebuilt for part in parts] == [True] * 1 + [False] * (len(parts) - 1)
    assert len(parts) >= 4
    assert held(settings) == at_once
    counts = sum((part.counts for part in parts[1:]), parts[0].counts)
    assert counts.received == counts.accepted + counts.refused + counts.duplicates
    assert counts.received == Lake(spark, settings.lake.root).read(bronze.TABLES["receipts"]).count()
    assert run_day(spark, settings, DAYS[-1], UNTIL_SILVER) == []


@pytest.mark.spark
def test_killed_between_two_parts_the_next_run_goes_on_at_the_second(
    spark: SparkSession, tmp_path: Path, at_once: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = shop(tmp_path, "landing.batch_bytes=1")
    with monkeypatch.context() as patched:
        patched.setattr(Lake, "commit", _killed_at_the_third(Lake.commit))
        with pytest.raises(KeyboardInterrupt):
            run_day(spark, settings, DAYS[-1], UNTIL_SILVER)
    stood = _parts(spark, settings)
    assert len(stood) == 2
    run_day(spark, settings, DAYS[-1], UNTIL_SILVER)
    marks = [commit.mark for commit in _parts(spark, settings) if commit.mark]
    assert [mark.rebuilt for mark in marks] == [True] + [False] * (len(marks) - 1)
    assert held(settings) == at_once


def _killed_at_the_third(commit: Callable[..., int]) -> Callable[..., int]:
    made: list[str] = []

    def until(lake: Lake, table: Any, *args: Any, **kwargs: Any) -> int:
        made.append(table.name)
        if made.count(receipts.TABLE.name) == 3:
            raise KeyboardInterrupt
        return commit(lake, table, *args, **kwargs)

    return until


@pytest.mark.spark
def test_bronze_put_together_brings_no_record_twice(spark: SparkSession, tmp_path: Path) -> None:
    settings = shop(tmp_path, "landing.batch_bytes=1")
    lake = Lake(spark, settings.lake.root)
    if not isinstance(lake.store, SailStore):
        pytest.skip("by design: delta-rs does not write what Spark clustered")
    run_day(spark, settings, DAYS[1], UNTIL_SILVER)
    last = land(
        settings,
        "receipts",
        "20240303T020000Z",
        "late.jsonl",
        f'{{"receipt_no": "78", "store_id": "S2", "purchased_at": "2024-03-02T16:00:00Z", {LINE}}}\n',
    )
    run_day(spark, settings, DAYS[-1], ("ingest",))
    bronze_path = lake.path(bronze.TABLES["receipts"])
    DeltaTable(bronze_path).optimize.compact()
    run_day(spark, settings, DAYS[-1], ("refine",))
    newest = _parts(spark, settings)[-1].mark
    assert newest
    assert not newest.rebuilt
    assert not newest.counts.superseded
    assert "78" in str(held(settings)["silver.receipts"]), last
    again = shop(tmp_path / "again")
    land(again, "receipts", "20240303T020000Z", "late.jsonl", last.read_text())
    run_day(spark, again, DAYS[-1], UNTIL_SILVER)
    assert held(settings) == held(again)
