"""Each purchase of a period by the chain's removal effects: to the cent, and as the arithmetic says by hand."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipelines.gold import attribution_channels
from pipelines.gold.attribution_chains import TABLE, build
from tests.gold.bought import DAY, bought, frame, lake, touch, values
from tests.gold.test_attribution import LATER, random_world

pytestmark = pytest.mark.spark
CHANNELS = attribution_channels.TABLE


def test_each_purchase_sums_to_what_was_paid_and_all_to_the_revenue_of_the_period(
    spark: SparkSession,
) -> None:
    touches, sales = random_world(11)
    frames = lake(spark, touches, sales)
    effects = attribution_channels.build(*frames, as_of=LATER, **values(CHANNELS))
    rows = build(*frames, effects, as_of=LATER, **values(TABLE)).select(*TABLE.names).collect()
    assert {row.model for row in rows} == {"markov_1"}
    assert sum(row.value for row in rows) == sum(sale["net_revenue"] for sale in sales)
    shares: dict[str, float] = defaultdict(float)
    for row in rows:
        shares[row.purchase_id] += row.share
        assert (row.touch_no == 0) == (row.channel == "Unattributed")
    assert all(abs(share - 1) < 1e-9 for share in shares.values())
    assert any(row.touch_no for row in rows)


def test_by_hand(spark: SparkSession) -> None:
    """Effects of .75 and .25: of 10.00, the two mails have 3.75 each and the search 2.50; other dates' do not count."""
    touches = [
        touch("C1", 20, "clicked", "email", campaign_id="receipt_mail/2024-03-20", block="related"),
        touch("C1", 21, "clicked", "email"),
        touch("C1", 22, "session", "Paid Search"),
        touch("C2", 22, "session", "Referral"),
    ]
    sales = [
        bought("r1", "C1", 23, "10.00"),
        bought("r2", "C2", 23, "5.00"),
        bought("r3", None, 23, "1.00"),
        bought("r0", "C1", 2, "7.00"),
    ]
    known = [
        {"as_of": on, "model": model, "channel": channel, "removal_effect": effect}
        for on, model, channel, effect in (
            (LATER, "markov_1", "Email", 0.75),
            (LATER, "markov_1", "Paid Search", 0.25),
            (LATER, "markov_1", "Referral", 0.0),
            (LATER, "markov_1", "Unattributed", None),
            (LATER, "linear", "Email", None),
            (DAY, "markov_1", "Email", 0.1),
        )
    ]
    effects = frame(spark, CHANNELS, known)
    settings = values(TABLE) | {"report_days": 10}
    rows = build(*lake(spark, touches, sales), effects, as_of=LATER, **settings).collect()
    told = ("purchase_id", "touch_no", "channel", "trigger", "block", "value")
    assert sorted(tuple(row[name] for name in told) for row in rows) == [
        ("r1", 1, "Email", "receipt_mail", "related", Decimal("3.75")),
        ("r1", 2, "Email", "receipt_mail", None, Decimal("3.75")),
        ("r1", 3, "Paid Search", None, None, Decimal("2.50")),
        ("r2", 0, "Unattributed", None, None, Decimal("5.00")),
        ("r3", 0, "Unattributed", None, None, Decimal("1.00")),
    ]


def test_a_period_without_purchases_has_no_rows(spark: SparkSession) -> None:
    frames = lake(spark, [touch("C1", 20, "clicked", "email")], [])
    effects = attribution_channels.build(*frames, as_of=LATER, **values(CHANNELS))
    assert build(*frames, effects, as_of=LATER, **values(TABLE)).agg(F.count(F.lit(1))).collect()[0][0] == 0
