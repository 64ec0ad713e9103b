"""The loyalty report: what points cost, whom members are compared with, and what is not known said."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from pipelines.calc.experiment import Moments
from pipelines.calc.experiment.arm import REVENUE
from pipelines.calc.loyalty import Redemption
from pipelines.publish.loyalty_collect import LoyaltyFigures, collect_loyalty, effect_of
from pipelines.publish.loyalty_page import loyalty_page
from pipelines.publish.page import About, Page, render_page
from tests.calc.experiment.test_results import arm, told

AS_OF = date(2024, 9, 30)
ABOUT = About(AS_OF, "EUR", "455a07ca3eef", {"gold.loyalty_ledger": 3})
RULES = [
    Redemption(
        currency="EUR", starts_on=date(2020, 1, 1), ends_on=None, point_value=Decimal("0.5"), max_share=1
    )
]


def metric(grouping: str, member: str, name: str, part: int, whole: int | None) -> Row:
    return Row(
        month=date(2024, 9, 1), metric=name, grouping=grouping, member=member, numerator=Decimal(part),
        denominator=whole and Decimal(whole), value=part / whole if whole else float(part),
    )  # fmt: skip


def figures() -> LoyaltyFigures:
    return LoyaltyFigures(
        months=[metric("all", "all", "identified_receipts", 3, 4), metric("all", "all", "points_issued", 40, None)],
        classes=[metric("class", "both", "customers", 1, 4), metric("class", "both", "spend", 90, 2)],
        kinds=[
            Row(kind="accrual", entries=4, people=2, points=40, amount=Decimal("400.00")),
            Row(kind="redemption", entries=1, people=1, points=-10, amount=Decimal("5.00")),
        ],
        standing=Row(people=2, points=30, available=30),
        members_revenue=Decimal("400.00"),
        effect=effect_of(
            {
                (True, 1): Moments(10, 100, 1_100), (False, 1): Moments(10, 100, 1_200),
                (True, 5): Moments(10, 900, 90_000), (True, 6): Moments(2, 500, 130_000),
                (False, 5): Moments(2, 180, 17_000),
            }
        ),
    )  # fmt: skip


def rows(page: Page) -> dict[str, tuple[tuple[str, ...], ...]]:
    return {section.name: section.rows for section in page.sections}


def test_cost_and_effect_are_said_with_their_limits() -> None:
    page = loyalty_page(figures(), ABOUT, 365, RULES, 14)
    assert page.headline == (
        "75.0\u00a0% of the latest month's receipts are of a known person; points paid €5, 1.25\u00a0% of what members "
        "spent; what they would have spent without it is not known."
    )
    assert page.tiles[-1] == ("They could pay", "€15", "0.5 a point")
    plain, alike = rows(page)["effect"]
    assert plain[:5] == ("As they are", "34", "€23", "€68", "€45")
    assert alike[:5] == ("Alike by earlier revenue", "32 in 2 strata", "€40", "€40", "€0")
    said = {section.name: " ".join(section.said) for section in page.sections}
    assert "Only a lot can tell" in said["effect"]
    assert "A comparison, not an experiment" in said["effect"]


def test_what_points_cause_by_lot_is_told_less_what_they_paid_for() -> None:
    off = arm("off", 1_000, 100, is_control=True, experiment_id="points")
    lots = [Row(**row) for (_, name), row in told(off, arm("on", 1_000, 150)).items() if name == REVENUE]
    points = [
        Row(experiment_id="e", arm="off", people=1_000, points=0, paid=Decimal("0.00")),
        Row(experiment_id="e", arm="on", people=1_000, points=4_000, paid=Decimal("200.00")),
    ]
    page = loyalty_page(replace(figures(), by_lot=lots, points_by_arm=points), ABOUT, 365, RULES, 14)
    control, given = rows(page)["by_lot"]
    assert control[:3] == ("e", "off (control)", "1,000")
    assert (given[3], given[4], given[5], given[6], given[8]) == ("€1.50", "4", "€0.20", "€0.50", "€0.30")
    [section] = [section for section in page.sections if section.name == "by_lot"]
    assert section.said[0].startswith("Revenue per person assigned: higher by 50.0 %")


def test_where_nothing_is_known_the_page_says_so_without_nan() -> None:
    none = LoyaltyFigures([], [], [], Row(people=0, points=0, available=0), Decimal(0), None)
    for found in (none, replace(figures(), effect=None)):
        body = render_page(loyalty_page(found, ABOUT, 365, [], 14)).split("<main>")[1].split("<script")[0]
        assert not {"nan", "inf", "none"} & set(re.findall(r"[a-z]+", body.lower().split("<noscript>")[0]))
        assert "nobody to compare members with" in body


@pytest.mark.spark
def test_members_are_those_known_as_such_when_the_span_began(spark: SparkSession) -> None:
    """The card of p1 was known long before, that of p2 came within the span; p3 had not bought in the span before."""
    ids = "identifier_type string, identifier_value string, person_id string, valid_from timestamp, valid_to timestamp"
    early, late = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 9, 1, tzinfo=UTC)
    held: list[tuple[Any, ...]] = [
        ("loyalty_card", "C1", "p1", early, None),
        ("email", "e2", "p2", early, None),
        ("loyalty_card", "C2", "p2", late, None),
        ("loyalty_card", "C3", "p3", early, None),
    ]
    sold = [
        ("loyalty_card", "C1", day, Decimal(net)) for day, net in ((120, "8.00"), (5, "10.00"), (4, "-1.00"))
    ]
    sold += [("email", "e2", 120, Decimal("9.00")), ("email", "e2", 5, Decimal("7.00"))]
    sold += [("loyalty_card", "C3", 5, Decimal("99.00")), (None, None, 5, Decimal("50.00"))]
    entry = (
        "person_id string, kind string, points long, amount decimal(18,2), occurred_on date, available_on date, "
        "occurred_at timestamp"
    )
    soon, noon, before = (
        AS_OF + timedelta(9),
        datetime(2024, 9, 30, 12, tzinfo=UTC),
        datetime(2024, 9, 28, tzinfo=UTC),
    )
    entries = [
        ("p1", "accrual", 6, Decimal("60.00"), AS_OF, AS_OF, noon),
        ("p1", "redemption", -2, Decimal("1.00"), AS_OF, AS_OF, noon),
        ("p2", "accrual", 3, Decimal("30.00"), AS_OF, soon, before),
        ("p2", "accrual", 5, Decimal("50.00"), soon, soon, noon),
    ]
    assignment = (
        "experiment_id string, arm string, by_lot boolean, assigned_at timestamp, anchor_type string, "
        "anchor_value string"
    )
    begun = datetime(2024, 9, 29, tzinfo=UTC)
    drawn = [
        (name, arm, True, begun, kind, value)
        for name, arm, kind, value in (
            ("points", "on", "loyalty_card", "C1"),
            ("points", "off", "email", "e2"),
            ("points", "on", "loyalty_card", "C3"),
            ("points", "off", "loyalty_card", "C3"),
            ("spring", "on", "loyalty_card", "C2"),
        )
    ]
    found = collect_loyalty(
        as_of=AS_OF,
        report_days=100,
        members=("loyalty_card",),
        experiments=("points",),
        window_days=14,
        kpi_monthly=spark.createDataFrame(
            [],
            "month date, metric string, grouping string, member string, numerator decimal(18,2), "
            "denominator decimal(18,2), value double",
        ),
        loyalty_ledger=spark.createDataFrame(entries, entry),
        purchases=spark.createDataFrame(
            [(kind, value, AS_OF - timedelta(ago), net) for kind, value, ago, net in sold],
            "identifier_type string, identifier_value string, purchased_on date, net_revenue decimal(18,2)",
        ),
        person_identifiers=spark.createDataFrame(held, ids),
        assignments=spark.createDataFrame(drawn, assignment),
        experiment_results=spark.createDataFrame(
            [("points", "off", REVENUE), ("spring", "mailed", REVENUE)],
            "experiment_id string, arm string, metric string",
        ),
    )
    assert [tuple(row) for row in found.by_lot] == [("points", "off", REVENUE)]
    assert [tuple(row) for row in found.points_by_arm] == [
        ("points", "off", 1, 0, Decimal("0.00")),
        ("points", "on", 1, 6, Decimal("1.00")),
    ]
    assert [(row.kind, row.entries, row.points) for row in found.kinds] == [
        ("accrual", 2, 9),
        ("redemption", 1, -2),
    ]
    assert tuple(found.standing) == (2, 7, 4)
    assert found.members_revenue == Decimal("115.00")  # 10 - 1, 7 and 99: whoever is a member now
    assert found.effect is not None
    assert [(m.n, m.sum, m.sum_of_squares) for m in (found.effect.others, found.effect.members)] == [
        (1, Decimal(7), Decimal(49)),
        (1, Decimal(9), Decimal(81)),
    ]
