"""On a simulated world without a single trained model, the blocks of the mail after a receipt are full."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipelines.gold import trigger_candidates
from pipelines.lakehouse.lake import Lake
from tests.conftest import shop_settings
from tests.days import run_day
from tests.simulate.worlds import WORLD, Made

pytestmark = pytest.mark.spark


def test_blocks_are_full_by_their_fallbacks(spark: SparkSession, world: Made, tmp_path: Path) -> None:
    """At least 99 of 100 slots, of every mail that has anything to say to the person."""
    settings = shop_settings(
        tmp_path, f"landing.root={world.place / 'landing'}", f"business.time_zone={WORLD.time_zone}"
    )
    run_day(spark, settings, WORLD.on(WORLD.days - 1))
    (flagship,) = (each for each in settings.triggers.defined if each.name == "receipt_mail")
    slots = len(flagship.blocks) * settings.send_list.slots_per_block
    rows = Lake(spark, settings.lake.root).read(trigger_candidates.TABLE).where("trigger = 'receipt_mail'")
    filled = [row[0] for row in rows.where(F.size("items") > 0).select(F.size("items")).collect()]
    assert len(filled) > 5, "control: people bought in shops that day"
    assert sum(filled) / (slots * len(filled)) >= 0.99
