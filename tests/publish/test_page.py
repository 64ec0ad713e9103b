"""Pages of figures: whole, escaped, alone, and without a number that nobody knows."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import Row

from pipelines.publish.attribution_collect import AttributionFigures
from pipelines.publish.attribution_page import attribution_page
from pipelines.publish.attribution_sides import ROPO_DAYS
from pipelines.publish.experiment_page import experiment_page
from pipelines.publish.page import About, Page, between, count, percent, ratio, render_page, write_page
from tests.calc.experiment.test_results import arm, told
from tests.publish.report_case import HOSTILE

ABOUT = About(date(2024, 3, 10), "EUR", "455a07ca3eef", {"gold.attribution": 3})


def credit(
    model: str, channel: str, value: str, spread: float | None = None, effect: float | None = None
) -> Row:
    low, high = (None, None) if spread is None else (float(value) - spread, float(value) + spread)
    return Row(
        model=model, channel=channel, purchases=1.5, purchases_low=low, purchases_high=high, value=Decimal(value),
        value_low=low, value_high=high, removal_effect=effect, influenced_purchases=2, influenced_value=Decimal("9.00"),
    )  # fmt: skip


def figures() -> AttributionFigures:
    clicked = Row(
        what=HOSTILE, clicks=4, messages=2, people=3, bought_after=1, purchases=1, value=Decimal("5.00")
    )
    windows = {f"{name}_{days}": Decimal(days) for days in ROPO_DAYS for name in ("wait", "shifted")}
    return AttributionFigures(
        channels=[
            credit("last_click", "Email", "10.00"),
            credit("last_click", "Unattributed", "-2.50"),
            credit("markov_1", "Email", "7.50", 2.5, 0.75),
        ],
        paths=[
            Row(path="Email > Direct", purchases=3, value=Decimal(9)),
            Row(path="Unattributed", purchases=1, value=Decimal(4)),
            Row(path=None, purchases=6, value=Decimal(20)),
        ],
        by_trigger=[Row(channel="Email", trigger="receipt_mail", model="last_click", purchases=1.5, value=Decimal(10))],
        influenced=Row(
            offline=4, offline_seen=1, offline_value=Decimal(40), offline_seen_value=Decimal(10), purchases=5,
            value=Decimal(50),
        ),
        by_month=[Row(month=date(2024, 3, 1), channel="Email", purchases=1.5, value=Decimal(10))],
        touches=[
            Row(year=2024, category="tea", purchases=3, touches=6),
            Row(year=2024, category=None, purchases=2, touches=5),
        ],
        later=[
            Row(channel="Email", side="offline", purchases=3, value=Decimal(9)),
            Row(channel="Direct", side="online", purchases=3, value=Decimal(9)),
        ],
        blocks=[clicked],
        categories=[],
        goods=[
            Row(model=model, channel=channel, category=category, value=Decimal(value))
            for model, channel, category, value in (
                ("linear", "Email", "tea", "4.25"),
                ("linear", "Unattributed", "tea", "3.50"),
                ("linear", "Unattributed", HOSTILE, "-0.25"),
                ("last_click", "Email", "tea", "7.75"),
                ("last_click", "Unattributed", HOSTILE, "-0.25"),
            )
        ],
        regions=[Row(region=None, channel="Email", value=Decimal("7.50"))],
        messages=[
            Row(channel="Email", trigger="receipt_mail", sent=9, delivered=8, clicked=2, people=4, clickers=1)
        ],
        ropo=Row(identified=2, revenue=Decimal(60), offline_revenue=Decimal(80), **windows),
        sides=[
            Row(side="click_and_collect", purchases=2, value=Decimal(20), first_store=1),
            Row(side="online", purchases=6, value=Decimal(60), first_store=0),
        ],
        mix=[Row(mix="both", people=2, purchases=5, value=Decimal(50))],
        newcomers=Row(clickers=0, newcomers=0),
    )  # fmt: skip


def empty() -> AttributionFigures:
    zero = Decimal(0)
    windows = {f"{name}_{days}": zero for days in ROPO_DAYS for name in ("wait", "shifted")}
    seen = Row(
        offline=0, offline_seen=0, offline_value=zero, offline_seen_value=zero, purchases=0, value=zero
    )
    ropo = Row(identified=0, revenue=zero, offline_revenue=zero, **windows)
    nobody = [Row(path=None, purchases=0, value=None)]
    return AttributionFigures(
        [], nobody, [], seen, *([] for _ in range(8)), ropo, [], [], Row(clickers=0, newcomers=0)
    )


def texts(page: Page) -> dict[str, tuple[tuple[str, ...], ...]]:
    return {section.name: section.rows for section in page.sections}


def test_the_sections_say_what_the_figures_are() -> None:
    page = attribution_page(figures(), ABOUT, 365)
    rows = texts(page)
    assert page.headline.startswith("Messages came before 25.0\u00a0% of the revenue in shops")
    assert rows["channels"][-1] == ("All", "€7.50", "€7.50")
    assert rows["fitted"] == (
        ("Markov, order 1", "Email", "1.5", "5 to 10", "€5 to €10", "75.0\u00a0%", "€9"),
    )
    assert rows["paths"] == (
        ("Email > Direct", "3", "50.0\u00a0%", "€9"),
        ("Unattributed", "1", "16.7\u00a0%", "€4"),
        ("Other paths", "2", "33.3\u00a0%", "€7"),
        ("All", "6", "100.0\u00a0%", "€20"),
    )
    assert rows["later"] == (
        ("All sources", "all channels", "6", "100.0\u00a0%", "4.00", "€18"),
        ("All sources", "online only", "3", "50.0\u00a0%", "2.00", "€9"),
        ("Email", "offline", "3", "50.0\u00a0%", "2.00", "€9"),
        ("Direct", "online", "3", "50.0\u00a0%", "2.00", "€9"),
    )
    assert rows["ropo"][1] == ("7 days", "€7", "11.7\u00a0%", "11.7\u00a0%")
    assert rows["goods"] == (
        ("Tea", "€7.75", "€4.25", "€3.50", "€7.75", "€0.00"),
        (HOSTILE.capitalize(), "−€0.25", "€0.00", "−€0.25", "€0.00", "€0.00"),
        ("All", "€7.50", "€4.25", "€3.25", "€7.75", "€0.00"),
    )
    assert rows["regions"][-1] == ("All", "€7.50", "€7.50")
    assert rows["messages"][0][5:] == ("25.0\u00a0%", "4", "1", "25.0\u00a0%")
    assert rows["blocks"][0][1:3] == ("4", "25.0\u00a0%")
    assert rows["touches"] == (("2024", "All goods", "2", "2.5"), ("2024", "Tea", "3", "2.0"))
    said = {section.name: " ".join(section.said) for section in page.sections}
    assert (
        "Post-click: 6 purchases on all channels, 3 of them online. That is 4.0 and 2.0 times the 1.5"
        in said["later"]
    )
    assert "25.0\u00a0% of 8 online orders were picked up in a shop, 50.0\u00a0% of these" in said["sides"]
    assert "75.0\u00a0% of the shops' revenue" in said["ropo"]


def test_experiments_are_scaled_to_people_with_the_placebo_beside_them() -> None:
    rows = [
        Row(**row)
        for row in told(
            arm("holdout", 1_000, 100, share=0.1), arm("mailed", 9_000, 1_350, share=0.9)
        ).values()
    ]
    page = experiment_page(rows, [], ABOUT, 14)
    lines = {row[2]: row for row in texts(page)["incremental"]}
    assert lines["purchases"][3:7] == ("9,000", "1,350", "900", "450")
    assert page.headline.startswith(
        "1 of 1 experiments show a difference that is not luck between people drawn by lot"
    )
    assert len(texts(page)["verdicts"]) == 3
    assert experiment_page([], [], ABOUT, 14).headline.startswith(
        "No mailing or test has arms that were drawn by lot"
    )


def test_arms_that_were_sorted_by_something_else_show_no_difference() -> None:
    rows = [Row(**row) for row in told(arm("holdout", 10_000, 100), arm("mailed", 20_000, 900)).values()]
    page = experiment_page(rows, [], ABOUT, 14)
    assert page.headline.startswith("0 of 1 experiments")
    assert all(row[-1].startswith("No verdict") for row in texts(page)["verdicts"])


def test_the_published_mailing_has_the_published_uplifts_and_the_one_that_compares() -> None:
    """The golden case: an interest segment beside a CRM segment, as counts that the printed rates imply."""

    def segment(name: str, sent: int, opened: int, clicked: int, ordered: int, orders: int) -> dict[str, Any]:
        steps = {"sent": sent, "opened": opened, "clicked": clicked, "ordered_after_click": ordered}
        return arm(name, sent, orders, by_lot=False, is_control=name == "CRM", **steps)

    crm = segment("CRM", 232_086, 56_397, 9_024, 51, 37)
    interest = segment("interest", 146_380, 63_339, 20_712, 423, 302)
    page = experiment_page([Row(**row) for row in told(crm, interest).values()], [], ABOUT, 14)
    uplift = {row[2]: row[5] for row in texts(page)["uplifts"]}
    assert uplift == {
        "Opened per sent": "+78\u00a0%",
        "Clicked per open": "+104\u00a0%",
        "Ordered per click": "+261\u00a0%",
        "Buyers per person": "+1,194\u00a0%",
        "Purchases per person": "+1,194\u00a0%",
        "Revenue per person": "+1,194\u00a0%",
        "Purchases, counted": "+716\u00a0%",
    }
    assert page.headline.startswith("No mailing or test has arms that were drawn by lot")
    assert all("A comparison, not an experiment" in row[-1] for row in texts(page)["verdicts"])
    assert texts(page)["funnel"][0][:5] == ("e", "CRM", "232,086", "–", "24.3\u00a0% of 232,086")


def test_a_test_on_the_site_is_told_per_visitor() -> None:
    rows = told(arm("control", 1_000, 50, is_control=True), arm("reranked", 1_000, 80, each=12))
    page = experiment_page([Row(**{**row, "kind": "on_site"}) for row in rows.values()], [], ABOUT, 14)
    ours = texts(page)["on_site"][1]
    assert ours[:4] == ("e", "reranked", "1,000", "8.00\u00a0%")
    assert (ours[5], ours[6], ours[8]) == ("€12.00 of 80", "€0.96", "+92\u00a0%")
    assert not texts(page)["funnel"]


def test_the_rows_behind_a_table_are_those_of_the_release() -> None:
    page = attribution_page(
        figures(), replace(ABOUT, runs={"gold.attribution": "20240310T010203Z-a1b2c3"}), 365
    )
    body = html.unescape(render_page(page))
    assert body.count('<details class="query">') == len([s for s in page.sections if s.rows])
    assert 'tillpost sql --release 455a07ca3eef "SELECT' in body
    assert "<p>gold.attribution version 3, run 20240310T010203Z-a1b2c3</p>" in body
    assert not [s.name for s in page.sections if s.query is None or '"' in s.query]


def test_a_page_stands_alone_and_nothing_on_it_is_nan(tmp_path: Path) -> None:
    for name, found in (("full", figures()), ("none", empty())):
        page = attribution_page(found, ABOUT, 365)
        write_page(page, tmp_path, name)
        text = (tmp_path / f"{name}.html").read_text(encoding="utf-8")
        assert "default-src 'none'" in text
        assert HOSTILE not in text
        body = text.split("<main>")[1].split("<script")[0]
        assert not {"nan", "inf", "none"} & set(re.findall(r"[a-z]+", body.lower().split("<noscript>")[0]))
        assert render_page(page) == text
    assert (tmp_path / "full" / "channels.png").read_bytes().startswith(b"\x89PNG")
    assert (
        (tmp_path / "full" / "touches.csv")
        .read_text(encoding="utf-8")
        .startswith("Year,Category,Purchases,Touches each\n2024,All goods,2,2.5\n")
    )
    assert not list((tmp_path / "none").glob("*.png"))


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_what_is_not_known_is_a_dash(value: float | None) -> None:
    assert {count(value), percent(value), between(value, value), ratio(1, 0), ratio(None, 2)} == {"–"}
    assert between(1, value) == "1 to any amount"
