from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from pyspark.sql import SparkSession

from pipelines.calc.triggers.definitions import CHANNELS
from pipelines.gold.consents import ANY_BRAND
from pipelines.publish.releases import release_id
from pipelines.publish.report_collect import collect
from pipelines.publish.report_data import BlockFill, ReportData, Simulated, Source, Stage

pytestmark = pytest.mark.spark

SUNDAY = date(2024, 3, 10)
FIRST = date(2024, 1, 3)  # a Wednesday, 68 days before


def euros(amount: int) -> Decimal:
    return Decimal(amount).quantize(Decimal("0.01"))


@pytest.fixture(scope="module")
def data(spark: SparkSession) -> ReportData:
    days = [FIRST + timedelta(n) for n in range(70)]  # two of them after `as_of`
    kpis = [(day, 4, 2, 1, euros(10)) for day in days if day != date(2024, 2, 6)]
    sold = [(SUNDAY, "tea", euros(5)), (SUNDAY, "nut", euros(7)), (SUNDAY, "lost", euros(9))]
    sold += [(SUNDAY - timedelta(27), "tea", euros(4)), (SUNDAY - timedelta(28), "tea", euros(90))]
    slots = [("p2", "personal", 1), ("p2", "personal", 2), ("p2", "replenishment", 1), ("p1", "personal", 1)]
    return collect(
        as_of=SUNDAY,
        currency="EUR",
        versions={"gold.send_list": 7, "gold.kpi_daily": 3},
        slots_per_block=2,
        kpi_daily=spark.createDataFrame(
            kpis,
            "purchased_on date, receipts int, identified_receipts int, repeat_receipts int, "
            "net_revenue decimal(18,2)",
        ),
        customer_totals=spark.createDataFrame(
            [("p1", FIRST), ("p2", FIRST), ("p3", FIRST), ("only an address", None)],
            "person_id string, first_purchase_on date",
        ),
        customer_360=spark.createDataFrame(
            [
                ("p1", "active", euros(3)),
                ("p2", "active", euros(4)),
                ("p3", "active", euros(1)),
                ("p4", "prospect", None),
            ],
            "person_id string, lifecycle_stage string, expected_value_90 decimal(18,2)",
        ),
        reached=spark.createDataFrame(
            [  # agreed to one channel, and reached on another alone: not reachable
                ("p1", [ANY_BRAND], [], [], True, False, False),
                ("p2", [ANY_BRAND], [], [], False, True, True),
                ("p3", [], [ANY_BRAND], [], True, True, False),
                ("p4", [], [], [ANY_BRAND], False, False, True),
            ],
            ", ".join(
                ["person_id string"]
                + [f"agreed_{channel} array<string>" for channel in CHANNELS]
                + [f"reached_{channel} boolean" for channel in CHANNELS]
            ),
        ),
        tacit={},
        receipt_lines=spark.createDataFrame(
            sold, "purchased_on date, product_id string, net_amount decimal(18,2)"
        ),
        products=spark.createDataFrame(
            [("tea", "TEA"), ("nut", "NUTS"), ("odd", None)], "product_id string, category string"
        ),
        send_list=spark.createDataFrame(
            [(*slot, f"Good {slot[2]}", "Because.") for slot in slots],
            "person_id string, block string, slot int, title string, reason string",
        ),
        scores=[],
        reconciliation=spark.createDataFrame(
            [("silver.stores", 3, 3, 0, 0), ("silver.receipts", 10, 7, 2, 1)],
            "`table` string, received long, accepted long, refused long, duplicates long",
        ),
        files=spark.createDataFrame(
            [
                ("receipts", "receipts/simulated/day1.jsonl"),  # a folder's name says nothing
                ("engagement", "engagement/arrived=1/engagement-simulated-1.jsonl.gz"),
                ("engagement", "engagement/arrived=1/coupons.jsonl"),
            ],
            "source string, file string",
        ),
    )


def test_recent_and_before_are_28_days_each_up_to_as_of(data: ReportData) -> None:
    assert (data.recent.first, data.recent.last) == (date(2024, 2, 12), SUNDAY)
    assert (data.recent.revenue, data.recent.receipts) == (euros(280), 112)
    assert (data.recent.identified_share, data.recent.repeat_share) == (0.5, 0.5)
    assert data.before is not None
    assert (data.before.last, data.before.revenue) == (date(2024, 2, 11), euros(270))


def test_weeks_are_whole_and_the_rest_is_counted(data: ReportData) -> None:
    assert [week.first for week in data.weeks] == [date(2024, 1, 8) + timedelta(7 * n) for n in range(9)]
    assert data.weeks[-1].last == SUNDAY
    assert [week.revenue for week in data.weeks[3:6]] == [euros(70), euros(60), euros(70)]
    assert data.days_left_out == 5
    assert data.first_day == FIRST


def test_categories_are_those_of_the_recent_days(data: ReportData) -> None:
    assert data.categories == (("TEA", euros(9)), ("NUTS", euros(7)))


def test_stages_are_counted_with_their_reach_and_value(data: ReportData) -> None:
    assert data.stages == (Stage("active", 3, 2, euros(8)), Stage("prospect", 1, 1, None))


def test_fill_counts_mails_and_slots_of_every_block(data: ReportData) -> None:
    assert data.mails == 2
    assert data.blocks == (
        BlockFill("replenishment", 2, 1, 0, 1, 4),
        BlockFill("next_purchase", 2, 0, 0, 0, 4),
        BlockFill("related", 2, 0, 0, 0, 4),
        BlockFill("personal", 2, 2, 1, 3, 4),
        BlockFill("new_arrivals", 2, 0, 0, 0, 4),
    )


def test_the_excerpt_shows_the_fullest_mails_in_order(data: ReportData) -> None:
    shown = {person: [(good.block, good.slot) for good in goods] for person, goods in data.excerpt}
    assert shown == {
        "p1": [("personal", 1)],
        "p2": [("replenishment", 1), ("personal", 1), ("personal", 2)],
    }


def test_what_landed_is_accounted_for(data: ReportData) -> None:
    assert data.sources == (Source("silver.receipts", 10, 7, 2, 1), Source("silver.stores", 3, 3, 0, 0))
    assert [source.missing for source in data.sources] == [0, 0]
    assert data.people == 3
    assert data.simulated == (Simulated("engagement", 1, 2),)
    assert data.release_id == release_id(SUNDAY, {"gold.kpi_daily": 3, "gold.send_list": 7})
