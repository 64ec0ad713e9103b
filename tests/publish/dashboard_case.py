"""A dashboard's figures, small enough to add up by hand, with text that would do harm if it were not escaped."""

from __future__ import annotations

from datetime import date
from typing import Any

from pyspark.sql import Row

from pipelines.gold.send_decisions import OUTCOMES
from pipelines.models.als.evaluate import Interval, Quality
from pipelines.publish.dashboard_collect import NO_CHANNEL, NO_SHOP, OTHERS, DashboardFigures
from pipelines.publish.models_page import ModelFigures
from pipelines.publish.page import About
from tests.publish.report_case import HOSTILE

FIRST, LAST = "2024-03-09", "2024-03-10"
ABOUT = About(date(2024, 3, 10), "EUR", "455a07ca3eef", {"gold.purchases": 3})


def decided(day: str, shop: str, channel: str, trigger: str, gate: str | None, **number: int) -> Any:
    told = {outcome: number.get(outcome, 0) for outcome in OUTCOMES}
    return Row(day=day, shop=shop, channel=channel, trigger=trigger, gate=gate, **told)


def sold(day: str, shop: str, sales: int, identified: int, revenue: int) -> Any:
    return Row(day=day, shop=shop, sales=sales, identified=identified, revenue=revenue)


def credited(day: str, shop: str, channel: str, last_click: int, linear: int) -> Any:
    return Row(
        day=day,
        shop=shop,
        channel=channel,
        last_click=last_click,
        last_non_direct=0,
        linear=linear,
        shapley=0,
    )


def segment(name: str, members: int, share: float, **common: int) -> Any:
    overlaps = [Row(segment=other, members=shared) for other, shared in common.items()]
    return Row(segment=name, says=f"Who is {name}", members=members, share=share, overlaps=overlaps)


def figures() -> DashboardFigures:
    return DashboardFigures(
        shops=["S1", HOSTILE],
        sold=[
            sold(FIRST, NO_SHOP, 1, 1, 700),
            sold(LAST, "Shop S1", 3, 2, 4_000),
            sold(FIRST, "Shop S1", 1, 0, 1_000),
            sold(FIRST, f"Shop {HOSTILE}", 1, 0, 250),
            sold(LAST, OTHERS, 0, 0, -50),
        ],
        segments=[
            segment("mailed", 40, 0.5, loyal=10, sleeping=4),
            segment("loyal", 20, 0.25, mailed=10),
            segment("sleeping", 8, 0.1, mailed=4),
        ],
        decided=[
            decided(LAST, "Shop S1", "Email", "receipt_mail", None, sent=3),
            decided(FIRST, "Shop S1", "Email", "receipt_mail", "holdout", held_out=1),
            decided(LAST, NO_SHOP, NO_CHANNEL, "receipt_mail", "consent", refused=2),
            decided(LAST, OTHERS, "SMS", HOSTILE, "priority", waiting=5),
        ],
        credited=[
            credited(FIRST, "Shop S1", "Email", 0, 400),
            credited(FIRST, "Shop S1", "Unattributed", 1_000, 600),
            credited(LAST, "Shop S1", "Direct", 3_000, 1_500),
        ],
    )


def models() -> ModelFigures:
    def quality(model: str, mean: float) -> Quality:
        interval = Interval(mean, mean - 0.01, mean + 0.01)
        return Quality("new", model, interval, interval, 1_200)

    return ModelFigures([], {"als/1": {}}, [quality("als", 0.1), quality("popularity", 0.05)], {})
