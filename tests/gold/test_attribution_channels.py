"""What channels earned in a period: additive by every model, with intervals that hold the estimate."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pyspark.sql import SparkSession

from pipelines.gold.attribution_channels import TABLE, build
from tests.gold.bought import bought, lake, touch, values
from tests.gold.test_attribution import LATER, random_world

pytestmark = pytest.mark.spark


def test_every_model_sums_to_the_revenue_of_the_period(spark: SparkSession) -> None:
    touches, sales = random_world(11)
    rows = build(*lake(spark, touches, sales), as_of=LATER, **values(TABLE)).select(*TABLE.names).collect()
    models = {row.model for row in rows}
    assert models == {*values(TABLE)["models"], "markov_1"}
    for model in models:
        mine = [row for row in rows if row.model == model]
        assert sum(row.value for row in mine) == sum(sale["net_revenue"] for sale in sales)
        assert abs(sum(row.purchases for row in mine) - 40) < 1e-6
    for row in rows:
        fitted = row.model in ("shapley", "markov_1")
        assert fitted == (row.value_low is not None)
        assert (row.model == "markov_1" and row.channel != "Unattributed") == (row.removal_effect is not None)


def test_a_channel_is_seen_on_purchases_that_it_is_not_credited_with(spark: SparkSession) -> None:
    """The mail is on both purchases, the search on one, and last on it; a purchase before the period is not there."""
    touches = [
        touch("C1", 20, "clicked", "email"),
        touch("C1", 21, "session", "Paid Search"),
        touch("C2", 20, "opened", "email"),
        touch("C3", 21, "session", "Paid Search"),
    ]
    sales = [bought("r1", "C1", 22, "10.00"), bought("r2", "C2", 22, "5.00"), bought("r0", "C2", 2, "7.00")]
    settings = values(TABLE) | {"models": ("last",), "report_days": 10}
    rows = build(*lake(spark, touches, sales), as_of=LATER, **settings).collect()
    found = {(row.model, row.channel): row for row in rows}
    mail, search = found["last", "Email"], found["last", "Paid Search"]
    assert (mail.purchases, mail.value, mail.influenced_purchases, mail.influenced_value) == (1, 5, 2, 15)
    assert (search.purchases, search.value, search.influenced_purchases, search.influenced_value) == (
        1,
        10,
        1,
        10,
    )
    assert ("last", "Unattributed") not in found
    chain = found["markov_1", "Email"]
    # Of the three who began two came by mail: P = 2/3 (1/2 + 1/2 · 1/2) + 1/3 · 1/2 = 2/3; without it 1/6 is left.
    assert abs(chain.removal_effect - 0.75) < 1e-12
    assert chain.value + found["markov_1", "Paid Search"].value == Decimal("15.00")
