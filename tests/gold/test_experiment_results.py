"""From assignments to a result: people count once, as they were meant, on both sides, and in one arm only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isnan
from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipelines.gold import purchases
from pipelines.gold.experiment_results import TABLE, build
from pipelines.publish.experiment_page import experiment_page
from pipelines.publish.page import About, Page, render_page
from pipelines.silver import assignments, engagement, machine_events, web_events
from tests.gold.bought import DAY, at, bought, frame, lake, values

pytestmark = pytest.mark.spark


def drawn(card: str, arm: str, day: int, **more: Any) -> dict[str, Any]:
    return {
        "assignment_id": f"a-{card}-{day}-{arm}",
        "assigned_on": at(day).date(),
        "assigned_at": at(day, 8),
        "anchor_type": "loyalty_card",
        "anchor_value": card,
        "experiment_id": "spring",
        "arm": arm,
        "is_control": arm == "holdout",
        "by_lot": True,
        "message_id": None if arm == "holdout" else f"m-{card}-{day}",
        **more,
    }


def event(card: str, kind: str, day: int, hour: float, **more: Any) -> dict[str, Any]:
    return {
        "event_id": f"{kind}-{card}-{hour}",
        "occurred_on": at(day).date(),
        "occurred_at": at(day, hour),
        "kind": kind,
        "anchor_type": "loyalty_card",
        "anchor_value": card,
        "message_id": f"m-{card}-{day}",
        **more,
    }


def seen(cookie: str, arm: str, day: int) -> dict[str, Any]:
    return {
        "event_id": f"{cookie}-{day}",
        "occurred_on": at(day).date(),
        "occurred_at": at(day),
        "kind": "page_view",
        "anchor_type": "cookie",
        "anchor_value": cookie,
        "is_crawler": False,
        "test_id": "listing",
        "test_arm": arm,
    }


def told(
    spark: SparkSession,
    assigned: list[dict[str, Any]],
    sales: list[dict[str, Any]],
    events: Sequence[dict[str, Any]] = (),
) -> tuple[list[Any], dict[tuple[str, str, str], Any]]:
    """The rows of `gold.experiment_results` on the 28th, and the same by experiment, arm and metric."""
    cards = sorted({row["anchor_value"] for row in assigned})
    persons, _, _, purchases_ = lake(
        spark, [], [*sales, *(bought(f"x{card}", card, 41, "1.00") for card in cards)]
    )
    rows = build(
        frame(spark, assignments.TABLE, assigned),
        frame(spark, engagement.TABLE, list(events)),
        frame(spark, machine_events.TABLE, []),
        frame(spark, web_events.TABLE, []),
        persons,
        purchases_,
        as_of=DAY.replace(day=28),
        **values(TABLE),
    ).collect()
    for row in rows:
        assert not [name for name, value in row.asDict().items() if isinstance(value, float) and isnan(value)]
    return rows, {(row.experiment_id, row.arm, row.metric): row for row in rows}


def page_of(rows: list[Any]) -> tuple[Page, str]:
    page = experiment_page(rows, [], About(DAY.replace(day=28), "EUR", "455a07ca3eef", {}), 14)
    body = render_page(page).split("<main>")[1].split("<script")[0].split("<noscript>")[0]
    assert not {"nan", "inf", "none"} & set(re.findall(r"[a-z]+", body.lower()))
    return page, " ".join(page.notes)


@pytest.mark.parametrize("empty", ["holdout", "mailed"])
def test_an_arm_of_which_nobody_is_left_is_told_and_nothing_is_made_of_it(
    spark: SparkSession, empty: str
) -> None:
    """C1 is in both arms, so nobody is left in one; C2 and C3 are in the other, and C2 buys."""
    other = "mailed" if empty == "holdout" else "holdout"
    assigned = [
        drawn("C1", "holdout", 1),
        drawn("C1", "mailed", 2),
        drawn("C2", other, 1),
        drawn("C3", other, 1),
    ]
    rows, found = told(spark, assigned, [bought("r2", "C2", 3, "10.00"), bought("r1", "C1", 3, "99.00")])
    nobody, there = found["spring", empty, "revenue_per_person"], found["spring", other, "revenue_per_person"]
    assert (nobody.denominator, nobody.numerator, nobody.value, nobody.in_two_arms) == (0, 0.0, None, 1)
    assert (there.denominator, there.numerator) == (2, 10.0)
    compared = found["spring", "mailed", "revenue_per_person"]
    assert (compared.control, compared.p_value, compared.relative) == ("holdout", None, None)
    assert compared.verdict.startswith("Nothing can be said of Revenue per person assigned.")
    page, notes = page_of(rows)
    assert page.headline.startswith("0 of 1 experiments")
    assert "spring: 1 people were in more than one arm and are left out of all." in notes
    assert f"spring: nobody is in {empty}, so nothing can be said of it." in notes


def test_an_experiment_of_which_nobody_is_left_is_still_told(spark: SparkSession) -> None:
    rows, found = told(spark, [drawn("C1", "holdout", 1), drawn("C1", "mailed", 1)], [])
    assert {row.arm for row in rows} == {"holdout", "mailed"}
    assert {row.denominator for row in rows} == {0}
    assert found["spring", "mailed", "revenue_per_person"].in_two_arms == 1
    assert "nobody is in holdout, mailed" in page_of(rows)[1]


def test_one_arm_alone_is_compared_with_nothing(spark: SparkSession) -> None:
    rows, found = told(spark, [drawn("C1", "mailed", 1, share=0.9)], [bought("r1", "C1", 3, "5.00")])
    assert found["spring", "mailed", "revenue_per_person"].control is None
    page, notes = page_of(rows)
    assert "spring: mailed is the only arm that was landed; there is nothing to compare it with." in notes
    assert page.headline.startswith("No mailing or test has arms that were drawn by lot")


def test_overlapping_windows_count_for_both_and_what_came_back_may_outweigh_what_was_bought(
    spark: SparkSession,
) -> None:
    """A purchase in the windows of two experiments counts in each; more came back than was paid, and out of order."""
    mailings = ("spring", "summer")
    assigned = [drawn("C1", "mailed", 1 + n, experiment_id=name) for n, name in enumerate(mailings)]
    assigned += [drawn(card, "holdout", 1, experiment_id=name) for card in ("C2", "C3") for name in mailings]
    assigned += [drawn("C4", "mailed", 1, experiment_id=name) for name in mailings]
    sales = [
        bought("r1", "C1", 3, "10.00"),
        bought("b1", "C1", 2, "-25.00", returns_purchase="r1"),  # the till's clock was behind
        bought("r2", "C2", 3, "1.00"),
        bought("b2", "C2", 4, "-4.00", returns_purchase="r2"),
    ]
    clicked = [event("C1", "clicked", 1, 7), event("C1", "sent", 1, 8)]  # clicked before it was sent
    rows, found = told(spark, assigned, sales, clicked)
    for name in mailings:
        ours, theirs = (found[name, arm, "revenue_per_person"] for arm in ("mailed", "holdout"))
        assert (ours.numerator, theirs.numerator) == (-15.0, -3.0)
        assert (ours.absolute, ours.relative) == (-6.0, None)
        assert "not above 0" in ours.verdict
    page, _ = page_of(rows)
    [section] = [section for section in page.sections if section.name == "incremental"]
    [line] = [row for row in section.rows if (row[0], row[2]) == ("spring", "revenue")]
    assert line[3:7] == ("2", "−€15", "−€3", "−€12")


def test_people_count_once_and_purchases_count_on_both_sides(spark: SparkSession) -> None:
    """C1 and C2 are mailed, C3 and C4 left out, C5 is in both arms; C1 buys after, before, late, and brings back."""
    sales = [
        bought("r1", "C1", 3, "10.00"),
        bought("b1", "C1", 5, "-4.00", returns_purchase="r1"),
        bought("o1", "C1", 4, "5.00", side="online"),
        bought("r0", "C1", 0, "8.00"),
        bought("r9", "C1", 25, "99.00"),
        bought("r3", "C3", 3, "2.00"),
        bought("r5", "C5", 3, "77.00"),
    ]
    assigned = [drawn(card, "mailed", day) for card in ("C1", "C2") for day in (1, 2)]
    assigned += [drawn("C3", "holdout", 1), drawn("C4", "holdout", 1)]
    assigned += [drawn("C5", "mailed", 1), drawn("C5", "holdout", 2)]
    events = [
        event("C1", "sent", 1, 8),
        event("C1", "clicked", 1, 9),
        event("C2", "sent", 1, 8),
        event("C2", "opened", 1, 8.5),
        event("C4", "sent", 1, 8, campaign_id="letters", message_id=None),
    ]
    opened = {
        "occurred_on": at(1).date(),
        "event_id": "opened-C2-8.5",
        "kind": "opened",
        "reason": "provider",
    }
    persons = lake(spark, [], [*sales, bought("x", "C2", 0, "1.00"), bought("y", "C4", 0, "1.00")])[0]
    rows = build(
        frame(spark, assignments.TABLE, assigned),
        frame(spark, engagement.TABLE, events),
        frame(spark, machine_events.TABLE, [opened]),
        frame(spark, web_events.TABLE, [seen("k1", "control", 1), *(seen("k2", "reranked", day) for day in (1, 2))]),
        persons,
        frame(spark, purchases.TABLE, [*sales, bought("z", "C9", 41, "1.00")]),
        as_of=DAY.replace(day=28),
        **values(TABLE),
    ).collect()  # fmt: skip
    found = {(row.experiment_id, row.arm, row.metric): row for row in rows}
    mailed = found["spring", "mailed", "revenue_per_person"]
    assert (mailed.numerator, mailed.denominator, mailed.in_two_arms) == (11.0, 2, 1)
    assert found["spring", "mailed", "purchases_per_person"].numerator == 2
    assert found["spring", "mailed", "offline_revenue_per_person"].numerator == 6.0
    assert found["spring", "holdout", "revenue_per_person"].numerator == 2.0
    assert (found["spring", "mailed", "opened_per_sent"].value, mailed.control) == (1.0, "holdout")
    assert found["spring", "mailed", "opened_per_sent_human"].value == 0.5
    assert found["letters", "sent", "buyers_per_person"].denominator == 1
    assert found["listing", "reranked", "revenue_per_person"].denominator == 1
    assert found["listing", "reranked", "revenue_per_person"].control == "control"
