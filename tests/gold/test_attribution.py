"""What purchases are shared out to: to the cent, over every model, whoever bought and whatever came back."""

from __future__ import annotations

import random
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipelines.gold.attribution import TABLE, build
from tests.gold.bought import DAY, bought, lake, touch, values

pytestmark = pytest.mark.spark
LATER = DAY.replace(day=28)


def credited(frames: tuple[DataFrame, ...], **more: Any) -> list[Any]:
    return build(*frames, frames[-1], as_of=LATER, **(values(TABLE) | more)).select(*TABLE.names).collect()


def random_world(seed: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    draw = random.Random(seed)
    cards = [f"C{n}" for n in range(6)]
    touches = [
        touch(card, day, kind, channel, campaign_id=draw.choice([None, "spring", "receipt_mail/2024-03-02"]))
        for card in cards
        for day in range(20)
        for kind, channel in (
            ("session", "Direct"),
            ("session", "Paid Search"),
            ("opened", "email"),
            ("clicked", "email"),
        )
        if draw.random() < 0.1
    ]
    sales = [
        bought(
            f"r{n}", draw.choice([*cards, None]), draw.randrange(20), f"{draw.randrange(1, 99_999) / 100:.2f}"
        )
        for n in range(40)
    ]
    returns = [
        bought(f"b{n}", draw.choice([sale["identifier_value"], None]), 25, f"-{sale['net_revenue'] / 2:.2f}",
               returns_purchase=draw.choice([sale["purchase_id"], "r999", None]))
        for n, sale in enumerate(draw.sample(sales, 12))
    ]  # fmt: skip
    return touches, sales + returns


def test_of_every_model_the_sums_are_the_receipts_and_a_part_is_as_the_whole(spark: SparkSession) -> None:
    touches, sales = random_world(7)
    frames = lake(spark, touches, sales)
    rows = credited(frames)
    by_model: dict[str, Decimal] = defaultdict(Decimal)
    shares: dict[tuple[str, str], float] = defaultdict(float)
    for row in rows:
        by_model[row.model] += row.value
        shares[row.model, row.purchase_id] += row.share
    assert set(by_model) == set(values(TABLE)["models"])
    assert set(by_model.values()) == {sum(sale["net_revenue"] for sale in sales)}
    assert all(abs(share - 1) < 1e-9 for share in shares.values())
    alone = ("p1", "anonymous/2024-03-05")
    few = (
        frames[0].where("person_id = 'p1'"),
        frames[1],
        frames[2].where("identifier_value = 'C1'"),
        frames[3].where(F.col("identifier_value").eqNullSafe("C1") | (F.col("anonymous_group") == alone[1])),
    )
    assert sorted(map(str, credited(few))) == sorted(str(row) for row in rows if row.buyer in alone)


def test_a_purchase_that_came_back_in_part_is_shared_by_hand(spark: SparkSession) -> None:
    """100.00 less 0.01 among a mail's click and a visit; the visit by the mail's own link is the click."""
    touches = [
        touch(
            "C1",
            1,
            "clicked",
            "email",
            campaign_id="receipt_mail/2024-02-29",
            block="related",
            mail_link_id="l",
        ),
        touch("C1", 1, "session", "Email", mail_link_id="l"),
        touch("C1", 2, "session", "Organic Search"),
        touch("C1", 2, "opened", "email", is_machine=True),
        touch("C1", 9, "session", "Direct"),
    ]
    sales = [bought("r1", "C1", 3, "100.00"), bought("b1", "C1", 5, "-0.01", returns_purchase="r1")]
    rows = credited(lake(spark, touches, sales), models=("linear", "post_click", "last"))
    found = {(row.model, row.touch_no, row.channel, row.trigger, row.block, str(row.value)) for row in rows}
    assert found == {
        ("linear", 1, "Email", "receipt_mail", "related", "50.00"),
        ("linear", 2, "Organic Search", None, None, "49.99"),
        ("post_click", 1, "Email", "receipt_mail", "related", "99.99"),
        ("last", 2, "Organic Search", None, None, "99.99"),
    }


def test_what_nobody_can_be_given_is_unattributed(spark: SparkSession) -> None:
    """A touch after the purchase, one out of its window, an anonymous receipt, and a return of what is not known."""
    touches = [
        touch("C1", 4, "session", "Direct"),
        touch("C2", 0, "clicked", "email"),
        touch("C3", 2, "sent", None, campaign_id="post"),
    ]
    sales = [
        bought("r1", "C1", 3, "1.00"),
        bought("r2", "C2", 8, "2.00"),
        bought("r3", None, 3, "3.00"),
        bought("b4", "C3", 3, "-4.00", returns_purchase="r9"),
        bought("r5", "C3", 4, "5.00"),
    ]  # fmt: skip
    campaign = {"campaign_id": "post", "name": "By post", "channel": "direct_mail"}
    rows = credited(lake(spark, touches, sales, campaign), models=("last",))
    assert sorted((row.purchase_id, row.channel, row.touch_no, str(row.value)) for row in rows) == [
        ("b4", "Unattributed", 0, "-4.00"),
        ("r1", "Unattributed", 0, "1.00"),
        ("r2", "Unattributed", 0, "2.00"),
        ("r3", "Unattributed", 0, "3.00"),
        ("r5", "Direct Mail", 1, "5.00"),
    ]


def test_nothing_after_the_date_matters(spark: SparkSession) -> None:
    touches, sales = random_world(3)
    planted = [touch("C1", 40, "session", "Direct")], [bought("r99", "C1", 41, "9.00")]
    now = credited(lake(spark, touches, sales))
    assert sorted(map(str, credited(lake(spark, touches + planted[0], sales + planted[1])))) == sorted(
        map(str, now)
    )
