"""The dashboard: revenue, segments, messages, attribution and models on one page, by days, shops and channels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from pipelines.calc.attribution import UNATTRIBUTED
from pipelines.publish.dashboard_collect import DAYS, NO_SHOP, OTHERS, DashboardFigures, called
from pipelines.publish.dashboard_messages import gates, triggers
from pipelines.publish.dashboard_segments import segments
from pipelines.publish.dashboard_sums import credited, sold
from pipelines.publish.models_page import ModelFigures, quality
from pipelines.publish.page import About, Page, count
from pipelines.publish.report import money

FILTERS = (("shop", "Shop"), ("channel", "Channel"), ("trigger", "Trigger"))


def dashboard_page(figures: DashboardFigures, models: ModelFigures, about: About) -> Page:
    """The page of these figures."""
    first = about.as_of - timedelta(DAYS - 1)
    period = f"BETWEEN DATE '{first}' AND DATE '{about.as_of}'"
    rank = {name: place for place, name in enumerate((*map(called, figures.shops), OTHERS, NO_SHOP))}

    def ordered(rows: Iterable[Any], by: Callable[[Any], Any]) -> list[Any]:
        return sorted(rows, key=lambda row: (by(row), rank[row.shop], row.day))

    stopped = (row for row in figures.decided if row.gate)
    return Page(
        title="dashboard",
        headline=_headline(figures, about),
        about=about,
        filters=FILTERS,
        sections=(
            sold(ordered(figures.sold, lambda row: rank[row.shop]), about, period),
            *segments(figures.segments, about),
            triggers(ordered(figures.decided, lambda row: row.trigger), about, period),
            gates(ordered(stopped, lambda row: row.gate), about, period),
            credited(ordered(figures.credited, _last), about, period),
            *quality(models),
        ),
    )


def _last(row: Any) -> tuple[bool, str]:
    """Channels by name, and behind them what no channel is credited with."""
    return row.channel == UNATTRIBUTED, row.channel


def _headline(figures: DashboardFigures, about: About) -> str:
    revenue, sales = (sum(getattr(row, name) for row in figures.sold) for name in ("revenue", "sales"))
    sent = sum(row.sent for row in figures.decided if row.day == str(about.as_of))
    return (
        f"{money(Decimal(revenue) / 100, about.currency)} from {count(sales)} purchases in {DAYS} days; "
        f"{count(sent)} messages go out for {about.as_of}."
    )
