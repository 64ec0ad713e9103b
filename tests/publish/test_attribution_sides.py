"""What the attribution report says of shops, site and messages together, on rows small enough to add up by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipelines.gold import attribution
from pipelines.publish.attribution_collect import after_a_click
from pipelines.publish.attribution_messages import messages_by_trigger
from pipelines.publish.attribution_paths import common_paths
from pipelines.publish.attribution_sides import mixes, newcomers, ropo, sides
from pipelines.silver import campaigns, engagement
from pipelines.silver.person_identifiers import IDENTIFIER, current
from tests.gold.bought import DAY, at, bought, frame, lake, touch

pytestmark = pytest.mark.spark


def known(
    spark: SparkSession, touches: list[dict[str, Any]], sales: list[dict[str, Any]]
) -> tuple[DataFrame, DataFrame]:
    """Purchases with their persons, and the touches of persons."""
    persons, _, touchpoints, purchases = lake(spark, touches, sales)
    whose = current(persons)
    sold = purchases.join(whose, on=list(IDENTIFIER), how="left")
    return sold, touchpoints.join(whose, on=list(IDENTIFIER), how="inner")


def test_a_visit_before_a_till_counts_by_its_wait_and_habit_by_the_placebo(spark: SparkSession) -> None:
    """C1 visited 3 hours before, C2 5 days before, C3 only 93 days before, which is habit; one is anonymous."""
    touches = [touch(card, day, "session", "Direct") for card, day in (("C1", 1), ("C2", -4), ("C3", -92))]
    touches.append(touch("C1", 2, "session", "Direct"))  # after the purchase
    sales = [bought(f"r{n}", f"C{n}", 1, f"{10**n}.00") for n in (1, 2, 3)] + [bought("r4", None, 1, "7.00")]
    sales.append(bought("r5", "C1", -300, "99.00"))
    sold, touched = known(spark, touches, sales)
    found = ropo(sold, touched, DAY.replace(year=2023, month=10))
    assert (found.identified, found.revenue, found.offline_revenue) == (
        3,
        Decimal("1110.00"),
        Decimal("1117.00"),
    )
    assert [found[f"wait_{days}"] for days in (1, 7, 14, 30)] == [10, 110, 110, 110]
    assert [found[f"shifted_{days}"] for days in (1, 7, 14, 30)] == [0, 1000, 1000, 1000]


def test_pick_ups_know_the_first_shop_and_people_the_sides_they_buy_on(spark: SparkSession) -> None:
    sales = [
        bought("r1", "C1", 1, "1.00"),
        bought("c1", "C1", 2, "2.00", side="click_and_collect"),
        bought("c2", "C1", 3, "4.00", side="click_and_collect", store_id="S2"),
        bought("o2", "C2", 1, "8.00", side="online", store_id=None),
        bought("r3", "C3", 1, "16.00"),
        bought("r4", None, 1, "32.00"),
    ]
    sold, _ = known(spark, [], sales)
    found = {row.side: (row.purchases, row.value, row.first_store) for row in sides(sold)}
    assert found["click_and_collect"] == (2, Decimal("6.00"), 1)
    assert found["offline"][:2] == (3, Decimal("49.00"))
    assert {row.mix: (row.people, row.purchases, row.value) for row in mixes(sold)} == {
        "both": (1, 3, Decimal("7.00")),
        "online": (1, 1, Decimal("8.00")),
        "offline": (1, 1, Decimal("16.00")),
    }


def test_whoever_clicked_before_their_first_visit_is_new(spark: SparkSession) -> None:
    """C1 clicks and comes; C2 had been there before; C3 clicks and is never seen on the site."""
    touches = [
        touch("C1", 1, "clicked", "email"),
        touch("C1", 1, "session", "Email"),
        touch("C2", 0, "session", "Direct"),
        touch("C2", 1, "clicked", "email"),
        touch("C3", 1, "clicked", "email"),
    ]
    _, touched = known(spark, touches, [])
    assert tuple(newcomers(touched)) == (2, 1)


def credit(purchase: str, model: str, touch_no: int, channel: str, value: str) -> dict[str, Any]:
    return {
        "buyer": "p1", "purchase_id": purchase, "purchased_on": DAY, "side": "offline", "model": model,
        "touch_no": touch_no, "channel": channel, "share": 1.0, "value": Decimal(value),
    }  # fmt: skip


def test_paths_are_told_in_the_order_of_touches_and_all_purchases_are_the_last_line(
    spark: SparkSession,
) -> None:
    steps = {
        "r1": ("Email", "Email", "Direct", "Email"),
        "r2": ("Email", "Direct", "Email"),
        "r3": ("Direct",),
    }
    rows = [
        credit(name, "linear", place, channel, "1.00")
        for name, path in steps.items()
        for place, channel in enumerate(path, 1)
    ]
    rows.append(credit("r4", "linear", 0, "Unattributed", "5.00"))
    found = common_paths(frame(spark, attribution.TABLE, rows))
    assert [tuple(row) for row in found] == [
        ("Email > Direct > Email", 2, Decimal("7.00")),
        ("Direct", 1, Decimal("1.00")),
        ("Unattributed", 1, Decimal("5.00")),
        (None, 4, Decimal("13.00")),
    ]


def test_after_a_click_the_later_source_is_that_of_the_last_click(spark: SparkSession) -> None:
    rows = [
        credit("r1", "post_click", 1, "Email", "3.00"),
        credit("r1", "last_click", 2, "Direct", "3.00"),
        credit("r2", "post_click", 0, "Unattributed", "4.00"),
        credit("r2", "last_click", 1, "Direct", "4.00"),
    ]
    found = after_a_click(frame(spark, attribution.TABLE, rows))
    assert [tuple(row) for row in found] == [("Direct", "offline", 1, Decimal("3.00"))]


def test_messages_count_once_and_people_once(spark: SparkSession) -> None:
    """Two receipt mails to C1, one clicked twice and once by a machine; a campaign to C2 names its channel itself."""

    def event(card: str, kind: str, message: str, hour: int, **more: Any) -> dict[str, Any]:
        return {
            "event_id": f"{kind}-{message}-{hour}", "occurred_on": DAY, "occurred_at": at(0, hour), "kind": kind,
            "anchor_type": "loyalty_card", "anchor_value": card, "message_id": message, "channel": "email", **more,
        }  # fmt: skip

    rows = [event("C1", kind, message, 1) for kind in ("sent", "delivered") for message in ("m1", "m2")]
    rows += [event("C1", "clicked", "m1", hour) for hour in (2, 3, 4)]
    rows.append(event("C2", "sent", "m3", 1, campaign_id="spring", channel=None))
    events = frame(spark, engagement.TABLE, rows).withColumn(
        "is_machine", F.col("event_id") == "clicked-m1-4"
    )
    planned = {
        "campaign_id": "spring",
        "name": "Spring",
        "channel": "sms",
        "starts_on": DAY,
        "arrived_at": at(0, 0),
    }
    lineage = {"file": "f", "position": 1, "content_hash": 1}
    persons = current(lake(spark, [], [bought("r1", "C1", 0, "1.00")])[0])
    found = messages_by_trigger(events, frame(spark, campaigns.TABLE, [planned | lineage]), persons)
    assert sorted(tuple(row) for row in found.collect()) == [
        ("Email", "receipt_mail", 2, 2, 1, 1, 1),
        ("SMS", "campaign", 1, 0, 0, 1, 0),
    ]
