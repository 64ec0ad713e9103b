"""Records that arrive at one instant, in another order and in files of other names, come to the same gold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipelines.bronze import records as bronze
from pipelines.flow import of_stage
from pipelines.lakehouse.table import ByScope
from pipelines.settings import Settings
from tests.days import DAYS, contents, run_day

pytestmark = pytest.mark.spark

GOLD = tuple(s.table for s in of_stage("build") if isinstance(s.table.write, ByScope))


def turned_round(landing: Path) -> None:
    """The last record of each file first, and the first file of each drop last."""
    for drop in landing.glob("*/arrived=*"):
        files = sorted(drop.iterdir())
        turned = [b"\n".join(reversed(file.read_bytes().splitlines())) for file in files]
        for file in files:
            file.unlink()
        for number, content in enumerate(reversed(turned)):
            (drop / f"{number}.jsonl").write_bytes(content)


def test_gold_does_not_ask_which_record_of_an_instant_came_first(
    spark: SparkSession, shop: Settings, settled_shop: Callable[[], Settings]
) -> None:
    turned_round(Path(shop.landing.root))
    run_day(spark, shop, DAYS[-1], ("ingest", "refine", "build"))
    place = ("file", "position", "batch")
    settled = settled_shop()
    receipts = (bronze.TABLES["receipts"],)
    assert contents(shop, receipts) != contents(settled, receipts), "control: the order is another"
    assert contents(shop, receipts, without=place) == contents(settled, receipts, without=place)
    assert contents(shop, GOLD) == contents(settled, GOLD)
