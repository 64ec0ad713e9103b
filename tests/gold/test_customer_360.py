"""The person on a day: stage, rhythm, scores, reach, the form, and what BG/NBD makes of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipelines.calc.lifetime import BgNbd, GammaGamma
from pipelines.gold import customer_totals, loyalty_ledger
from pipelines.silver import customers, stores
from tests.gold.people import by_person, persons, rows, whose
from tests.silver.received import settled

pytestmark = pytest.mark.spark
AS_OF = date(2024, 6, 30)
NUMBERS = ("purchase_days", "receipts", "orders", "returns", "first_day_receipts")
AMOUNTS = ("net_revenue", "online_revenue", "repeat_sales", "discount")


def total(person: str, days: int = 0, last: int | None = None, known: int = 0, **more: Any) -> dict[str, Any]:
    """Somebody with so many purchase days, the last so many days ago, the first `known` days before that."""
    dates: dict[str, Any] = {}
    if last is not None:
        dates["last_purchase_on"] = AS_OF - timedelta(last)
        dates["first_purchase_on"] = dates["first_offline_purchase_on"] = AS_OF - timedelta(last + known)
    zero = dict.fromkeys(NUMBERS, 0) | dict.fromkeys(AMOUNTS, Decimal(0))
    return {"person_id": person, **zero, "purchase_days": days, "receipts": days, **dates, **more}


GIVEN = (
    total(
        "prospect", email_since=date(2024, 1, 1), push_since=date(2024, 1, 1), phone_since=date(2024, 1, 1)
    ),
    total("new", 1, last=30, net_revenue=Decimal("9.00"), discount=Decimal("1.00"), favourite_store="S1"),
    total("one day, and gone", 1, last=31 + 90),
    total("active", 5, last=20, known=40, interval_days=10, last_gap_days=10, net_revenue=Decimal("100.01")),
    total("at risk", 5, last=21, known=40, interval_days=10, last_gap_days=10),
    total("lapsed", 5, last=41, known=40, interval_days=10, last_gap_days=10),
    total("returned", 5, last=5, known=100, interval_days=10, last_gap_days=41),
    total("no rhythm", 2, last=59, known=2, interval_days=2, last_gap_days=2),
    total(
        "both", 5, last=11, known=40, interval_days=10, first_online_purchase_on=date(2024, 6, 1), orders=1
    ),
    total(
        "away",
        email_since=date(2024, 1, 1),
        email_withdrawn_on=date(2024, 2, 1),
        phone_since=date(2024, 1, 1),
    ),
    total("bounced", email_since=date(2024, 1, 1), email_bounced_on=date(2024, 2, 1)),
)


def entry(no: int, points: int, on: date, **more: Any) -> dict[str, Any]:
    """A movement of the points of `active`."""
    return {
        "person_id": "active",
        "entry_no": no,
        "points": points,
        "occurred_on": on,
        "available_on": on,
        **more,
    }


def form(card: str, arrived: int, **said: Any) -> dict[str, Any]:
    lineage = {
        "arrived_at": datetime(2024, 3, arrived, tzinfo=UTC),
        "file": "f",
        "position": 1,
        "content_hash": 1,
    }
    return {"loyalty_card": card, **lineage, **said}


LEDGER = (
    entry(1, 30, AS_OF - timedelta(3)),
    entry(2, -10, AS_OF),
    entry(3, 5, AS_OF, available_on=AS_OF + timedelta(1)),
    entry(4, 99, AS_OF + timedelta(1)),
)


@pytest.fixture(scope="module")
def seen(spark: SparkSession) -> DataFrame:
    totals = rows(spark, customer_totals.TABLE, GIVEN)
    people = persons(
        spark, whose("A", "active"), whose("A2", "active"), whose("N", "new"), whose("email:a", "active")
    )
    forms = rows(
        spark,
        customers.TABLE,
        [
            form("A", 1, gender="male"),
            form(
                "A2",
                2,
                gender="female",
                birth_date=date(1990, 7, 1),
                children=[date(2020, 6, 30), date(2023, 7, 1), date(2024, 7, 1)],  # the last to be born
            ),
            form("N", 1, age_band="25-34"),
        ],
    )
    shops = rows(spark, stores.TABLE, [{**form("", 1), "store_id": "S1", "region": "North"}])
    models = settled("gold.lifetime_models", totals, as_of=AS_OF)
    points = rows(spark, loyalty_ledger.TABLE, LEDGER)
    found = settled("gold.customer_360", totals, models, people, forms, shops, points, as_of=AS_OF)
    return spark.createDataFrame(found.collect(), found.schema)


def test_stages_go_by_ones_own_rhythm(seen: DataFrame) -> None:
    found = by_person(seen, "lifecycle_stage", "rhythm", "interval_days")
    assert found == {
        "prospect": ("prospect", None, None),
        "away": ("prospect", None, None),
        "bounced": ("prospect", None, None),
        "new": ("new", None, None),
        "one day, and gone": ("lapsed", None, None),
        "active": ("active", "late", 10),
        "at risk": ("at_risk", "late", 10),
        "lapsed": ("lapsed", "late", 10),
        "returned": ("returned", "early", 10),
        "no rhythm": ("active", None, None),  # by 30 days, as for everybody
        "both": ("active", "on_time", 10),
    }


def test_reach_is_cheapest_first_and_without_what_was_withdrawn_or_bounced(seen: DataFrame) -> None:
    found = by_person(seen, "reachable_channels", "cheapest_channel")
    assert found["prospect"] == (["push", "email", "sms"], "push")
    assert found["away"] == (["sms"], "sms")
    assert found["bounced"] == ([], None)


def test_classes_money_and_regions(seen: DataFrame) -> None:
    found = by_person(seen, "omnichannel_class", "average_receipt", "discount_share", "region")
    assert found["new"] == ("offline_only", Decimal("9.00"), 0.1, "North")
    assert found["active"] == ("offline_only", Decimal("20.00"), 0.0, None)
    assert found["both"][0] == "both"
    assert found["prospect"] == (None, None, None, None)


def test_what_somebody_is_known_by_is_listed(seen: DataFrame) -> None:
    found = by_person(seen, "identifier_types")
    assert (found["active"], found["both"]) == (["email", "loyalty_card"], [])


def test_the_last_form_counts_and_ages_are_whole_years(seen: DataFrame) -> None:
    found = by_person(seen, "gender", "age", "children_ages", "age_band")
    assert found["active"] == ("female", 33, [4, 0, 0], None)
    assert found["new"] == (None, None, None, "25-34")
    assert found["both"] == (None, None, None, None)


def test_points_are_those_of_the_date_and_the_frozen_are_apart(seen: DataFrame) -> None:
    found = by_person(seen, "points_balance", "points_available")
    assert (found["active"], found["new"]) == ((25, 20), (0, 0))


def test_scores_are_of_those_who_have_bought(seen: DataFrame) -> None:
    found = by_person(seen, "recency_score", "monetary_score")
    assert found["prospect"] == (None, None)
    assert (found["returned"][0], found["one day, and gone"][0], found["active"][1]) == (5, 1, 5)


def test_too_few_people_have_one_rate_for_all_and_it_is_said(spark: SparkSession, seen: DataFrame) -> None:
    model = settled("gold.lifetime_models", rows(spark, customer_totals.TABLE, GIVEN), as_of=AS_OF).collect()
    (row,) = model
    assert (row["people"], row["repeat_buyers"], row["method"], row["r"]) == (8, 6, "pooled", None)
    assert row["note"].startswith("6 people bought on two days or more, and 100 are asked for")
    found = by_person(seen, "probability_alive", "expected_purchases_90")
    assert found["prospect"] == (None, None)
    assert {values for person, values in found.items() if values[1] is not None} == {found["new"]}
    assert found["new"] == (None, pytest.approx(row["purchases_per_week"] * 90 / 7, abs=1e-6))


def test_with_enough_people_it_is_bg_nbd_and_gamma_gamma_of_each(spark: SparkSession) -> None:
    crowd = [
        total(
            f"p{n}",
            days,
            last=7 * (n % 9),
            known=7 * (4 + n % 23) * (days > 1),
            repeat_sales=Decimal(10 + n % 31) * (days - 1),
        )
        for n in range(240)
        for days in [1 + n * n % 6]
    ]
    totals = rows(spark, customer_totals.TABLE, crowd)
    models = settled("gold.lifetime_models", totals, as_of=AS_OF)
    (row,) = models.collect()
    assert (row["method"], row["value_method"], row["note"]) == ("bg_nbd", "gamma_gamma", None)
    nothing = (persons(spark), *(rows(spark, m.TABLE, []) for m in (customers, stores, loyalty_ledger)))
    found = by_person(
        settled("gold.customer_360", totals, models, *nothing, as_of=AS_OF),
        "probability_alive",
        "expected_purchases_365",
        "expected_value_365",
    )
    often, value = BgNbd(row["r"], row["alpha"], row["a"], row["b"]), GammaGamma(row["p"], row["q"], row["v"])
    for each in crowd[:20]:
        x = each["purchase_days"] - 1
        t = (each["last_purchase_on"] - each["first_purchase_on"]).days / 7
        age = (AS_OF - each["first_purchase_on"]).days / 7
        alive, bought = often.probability_alive(x, t, age), often.expected_purchases(365 / 7, x, t, age)
        worth = bought * value.expected_value(x, float(each["repeat_sales"]) / x if x else 0.0)
        assert found[each["person_id"]][:2] == pytest.approx((float(alive), float(bought)), abs=1e-6)
        assert float(found[each["person_id"]][2]) == pytest.approx(float(worth), abs=0.0051)


def test_nobody_at_all_is_a_model_without_people(spark: SparkSession) -> None:
    (row,) = settled("gold.lifetime_models", rows(spark, customer_totals.TABLE, []), as_of=AS_OF).collect()
    assert (row["people"], row["cells"], row["method"], row["purchases_per_week"]) == (0, 0, "pooled", 0.0)
