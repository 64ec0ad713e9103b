"""Two months of two shops and a site, small enough to count by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipelines.gold import kpi_daily, loyalty_ledger
from pipelines.silver import channel_costs, customers
from tests.gold.people import day, persons, rows, touch, touches, whose
from tests.silver.received import settled

pytestmark = pytest.mark.spark
AS_OF = date(2024, 4, 30)
MARCH, APRIL = date(2024, 3, 1), date(2024, 4, 1)
GIVEN = (
    touch("2024-03-01 08:00", "email:a", "sent", channel="email"),
    touch("2024-03-01 09:00", "email:a", "opened"),  # of a channel that is not told
    touch("2024-03-01 09:01", "email:a", "clicked", channel="email", is_machine=True),
    touch("2024-03-02 20:00", "cookie:k", "session", channel="Email"),
    touch("2024-03-03 20:00", "cookie:l", "session", channel="Direct"),
    touch("2024-04-03 20:00", "cookie:l", "session", channel="Email"),
    touch("2024-03-05 10:00", "A", "sale", "10.00"),
    touch("2024-03-06 10:00", "A", "return", "-4.00"),
    touch("2024-04-05 10:00", "email:a", "order", "20.00"),
    touch("2024-03-05 10:00", "phone:b", "sale", "6.00"),
    touch("2024-04-05 10:00", "phone:b", "sale", "8.00"),
    touch("2024-04-06 10:00", "phone:b", "sale", "2.00"),
    touch("2024-04-07 10:00", "family", "sale", "3.00"),  # nobody's
    touch("2024-04-08 10:00", "C", "order", "5.00"),
    touch("2024-04-09 10:00", "email:a", "unsubscribed", channel="email"),
)
PERSONS = (
    *(whose(each, "anna") for each in ("A", "email:a", "cookie:k")),
    *(whose(each, "ben") for each in ("phone:b", "cookie:l")),
    whose("C", "cleo"),
    whose("family", None),
)


def daily(
    on: str, receipts: int, identified: int, repeat: int, net: str, known: str, orders: int, paid: str
) -> dict[str, Any]:
    names = (
        "receipts",
        "identified_receipts",
        "repeat_receipts",
        "net_revenue",
        "identified_revenue",
        "orders",
        "online_revenue",
    )
    values = (receipts, identified, repeat, Decimal(net), Decimal(known), orders, Decimal(paid))
    rest = {"people": 0, "discount": Decimal(0), "new_customers": 0}
    return {"purchased_on": day(on), **dict(zip(names, values, strict=True)), **rest}


DAILY = (
    daily("2024-03-05", 3, 2, 0, "17.00", "16.00", 0, "0.00"),  # one of them anonymous, 1.00
    daily("2024-03-06", 0, 0, 0, "-4.00", "-4.00", 0, "0.00"),
    daily("2024-04-05", 1, 1, 1, "8.00", "8.00", 1, "20.00"),
    daily("2024-04-06", 1, 1, 1, "2.00", "2.00", 0, "0.00"),
    daily("2024-04-07", 1, 1, 0, "3.00", "3.00", 0, "0.00"),
    daily("2024-04-08", 0, 0, 0, "0.00", "0.00", 1, "5.00"),
)
COST = {
    "spent_on": day("2024-03-01"),
    "channel": "email",
    "campaign_id": "-",
    "cost": Decimal("0.50"),
    "messages": 100,
    "arrived_at": None,
}

Figures = dict[tuple[date, str, str], tuple[Any, ...]]


LEDGER = tuple(
    {"person_id": "pA", "entry_no": no, "kind": kind, "points": points, "occurred_on": date(2024, 3, 5)}
    for no, (kind, points) in enumerate(
        (("accrual", 30), ("credit", 12), ("reversal", -2), ("redemption", -12), ("refund", 2)), 1
    )
)


@pytest.fixture(scope="module")
def figures(spark: SparkSession) -> Figures:
    known, whom = touches(spark, *GIVEN), persons(spark, *PERSONS)
    told = settled("gold.consents", known, rows(spark, customers.TABLE, []), whom, as_of=AS_OF)
    totals = settled("gold.customer_totals", known, whom, told, as_of=AS_OF)
    costs = spark.createDataFrame(
        [tuple(COST.values())],
        "spent_on date, channel string, campaign_id string, cost decimal(18,2), messages long, arrived_at timestamp",
    ).select(*(c for c in ("spent_on", "channel", "cost", "messages")))
    assert set(costs.columns) <= set(channel_costs.TABLE.names)
    found = settled(
        "gold.kpi_monthly",
        rows(spark, kpi_daily.TABLE, DAILY),
        known,
        whom,
        totals,
        settled("gold.journeys", known, whom, as_of=AS_OF),
        costs,
        rows(spark, loyalty_ledger.TABLE, LEDGER),
        as_of=AS_OF,
    )
    return {
        (row["month"], row["metric"], row["member"]): (
            float(row["numerator"]),
            None if row["denominator"] is None else float(row["denominator"]),
            row["value"],
        )
        for row in found.collect()
    }


def test_shares_of_all(figures: Figures) -> None:
    assert figures[MARCH, "offline_share", "all"] == (3, 3, 1.0)
    assert figures[APRIL, "offline_share", "all"] == (3, 5, 0.6)
    assert figures[MARCH, "identified_receipts", "all"] == (2, 3, 2 / 3)
    assert figures[MARCH, "identified_receipts", "phone"] == (1, 3, 1 / 3)
    assert figures[MARCH, "identified_revenue", "loyalty_card"] == (6, 13, 6 / 13)
    assert figures[APRIL, "repeat_receipts", "all"] == (2, 3, 2 / 3)


def test_points_issued_are_less_what_was_taken_back_and_those_spent_less_what_was_given_back(
    figures: Figures,
) -> None:
    assert figures[MARCH, "points_issued", "all"] == (40, None, 40.0)
    assert figures[MARCH, "points_redeemed", "all"] == (10, 40, 0.25)


def test_classes_with_the_unidentified_sum_to_all_revenue(figures: Figures) -> None:
    for month, whole in ((MARCH, 13.0), (APRIL, 38.0)):
        revenue = {
            member: found
            for (m, metric, member), found in figures.items()
            if (m, metric) == (month, "revenue")
        }
        assert sum(found[0] for found in revenue.values()) == whole
        assert {found[1] for found in revenue.values()} == {whole}
    assert figures[MARCH, "revenue", "unidentified"][0] == 1
    assert figures[APRIL, "revenue", "unidentified"][0] == 3


def test_somebody_is_of_the_class_of_each_months_end(figures: Figures) -> None:
    assert figures[MARCH, "revenue", "offline_only"][0] == 12  # Anna's 6 and Ben's 6
    assert figures[APRIL, "spend", "both"] == (20, 1, 20.0)
    assert figures[APRIL, "average_receipt", "offline_only"] == (10, 2, 5.0)
    assert figures[MARCH, "customers", "both"] == (0, 2, 0.0)
    assert {c: figures[APRIL, "customers", c][0] for c in ("both", "offline_only", "online_only")} == {
        "both": 1,
        "offline_only": 1,
        "online_only": 1,
    }
    assert figures[APRIL, "customers", "both"][1] == 3


def test_repeats_touches_and_cohorts(figures: Figures) -> None:
    assert figures[MARCH, "touches", "offline_only"] == (
        4,
        2,
        2.0,
    )  # mail, opening and visit; and Ben's visit
    assert figures[APRIL, "repeat_purchases", "offline_only"] == (2, 2, 1.0)
    assert figures[APRIL, "repeat_purchases", "online_only"] == (0, 1, 0.0)
    assert figures[APRIL, "retention", "2024-03"] == (2, 2, 1.0)
    assert figures[MARCH, "second_purchase", "2024-03"] == (0, 2, 0.0)
    assert figures[APRIL, "second_purchase", "2024-03"] == (2, 2, 1.0)
    assert figures[APRIL, "second_purchase", "2024-04"] == (0, 1, 0.0)
    assert figures[MARCH, "ropo", "offline_only"] == (2, 2, 1.0)


def test_contacts_and_consent_at_the_months_end(figures: Figures) -> None:
    assert figures[MARCH, "email", "all"] == (1, 2, 0.5)
    assert figures[MARCH, "consent", "all"] == (1, 2, 0.5)
    assert figures[APRIL, "consent", "all"] == (0, 3, 0.0)
    assert figures[APRIL, "phone", "all"] == (1, 3, 1 / 3)


def test_mails_their_cost_and_first_visits(figures: Figures) -> None:
    assert figures[MARCH, "messages", "email"] == (1, None, 1.0)
    assert figures[MARCH, "opens", "email"] == (1, 1, 1.0)
    assert figures[MARCH, "clicks", "email"] == (0, 1, 0.0)
    assert figures[MARCH, "cost", "email"] == (0.5, 100, 0.005)
    assert figures[MARCH, "first_visits", "all"] == (1, 1, 1.0)
    assert figures[APRIL, "first_visits", "all"] == (0, 1, 0.0), "Ben had been there before"
