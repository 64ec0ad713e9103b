"""On a simulated world without a single trained model: each known receipt has its decision, and its mail is full."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipelines.gold import send_decisions, trigger_candidates
from pipelines.lakehouse.lake import Lake
from pipelines.settings import Settings
from pipelines.silver import receipts
from pipelines.silver.person_identifiers import TABLE as PERSON_IDENTIFIERS
from pipelines.silver.person_identifiers import current
from tests.conftest import shop_settings
from tests.days import run_day
from tests.simulate.worlds import WORLD, Made

pytestmark = pytest.mark.spark
LAST = WORLD.on(WORLD.days - 1)
FLAGSHIP = "trigger = 'receipt_mail'"


@pytest.fixture(scope="module")
def settings(spark: SparkSession, world: Made, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The world's last day, whole."""
    place = tmp_path_factory.mktemp("flagship")
    there = shop_settings(
        place, f"landing.root={world.place / 'landing'}", f"business.time_zone={WORLD.time_zone}"
    )
    run_day(spark, there, LAST)
    return there


def test_blocks_are_full_by_their_fallbacks(spark: SparkSession, settings: Settings) -> None:
    """At least 99 of 100 slots, of every mail that has anything to say to the person."""
    (flagship,) = (each for each in settings.triggers.defined if each.name == "receipt_mail")
    slots = len(flagship.blocks) * settings.send_list.slots_per_block
    rows = Lake(spark, settings.lake.root).read(trigger_candidates.TABLE).where(FLAGSHIP)
    filled = [row[0] for row in rows.where(F.size("items") > 0).select(F.size("items")).collect()]
    assert len(filled) > 5, "control: people bought in shops that day"
    assert sum(filled) / (slots * len(filled)) >= 0.99


def test_every_known_receipt_of_the_day_has_one_decision(spark: SparkSession, settings: Settings) -> None:
    """A sale at a till that leads to a person; one that leads to nobody is refused, with that as its reason."""
    lake = Lake(spark, settings.lake.root)
    persons = current(lake.read(PERSON_IDENTIFIERS))
    sold = lake.read(receipts.TABLE).where(
        (F.col("purchased_on") == F.lit(LAST)) & (F.col("kind") == "sale") & F.col("order_id").isNull()
    )
    anchored = sold.withColumnsRenamed({"anchor_type": "identifier_type", "anchor_value": "identifier_value"})
    known = anchored.join(persons, on=["identifier_type", "identifier_value"], how="inner")
    decided = lake.read(send_decisions.TABLE).where(FLAGSHIP).where(F.col("raised_on") == F.lit(LAST))
    rows = decided.select(F.regexp_extract("candidate_id", "^[^/]*/(.*)$", 1), "refused_by").collect()
    wanted = sorted(row[0] for row in known.select("receipt_id").collect())
    assert len(wanted) > 5, "control: known people bought in shops that day"
    assert sorted(receipt for receipt, why in rows if why != "identified") == wanted
    assert len({receipt for receipt, _ in rows}) == len(rows)
