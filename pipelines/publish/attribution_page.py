"""The attribution report: what the channels were seen by, what they are credited with, and what that does not prove."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import altair as alt

from pipelines.calc.attribution import UNATTRIBUTED
from pipelines.calc.attribution.rules import RULES
from pipelines.calc.money import sign
from pipelines.publish.attribution_collect import AttributionFigures
from pipelines.publish.attribution_paths import paths
from pipelines.publish.attribution_queries import queries
from pipelines.publish.attribution_shops import clicked, later, ropo, shops, sides, touches
from pipelines.publish.attribution_splits import click_through, delivered, goods, regions
from pipelines.publish.page import About, Page, Section, between, count, percent, ratio
from pipelines.publish.report import money
from pipelines.publish.report_style import Drawn, Palette, midnight, sheet, tip

_DRAWN = ("last_click", "last_non_direct", "linear", "shapley")
_COMPARED = ("last_click", "post_click")
_NAMES = {
    "first": "First",
    "last": "Last",
    "last_click": "Last click",
    "last_non_direct": "Last non-direct",
} | {
    "post_click": "Post-click",
    "linear": "Linear",
    "position": "Position",
    "time_decay": "Time decay",
    "shapley": "Shapley",
}


def attribution_page(figures: AttributionFigures, about: About, report_days: int) -> Page:
    """The page of these figures."""

    def cash(amount: Decimal | float | None) -> str:
        return "–" if amount is None else money(Decimal(str(amount)), about.currency)

    def exact(amount: Decimal) -> str:
        return f"{'−' if amount < 0 else ''}{sign(about.currency)}{abs(amount):,.2f}"

    seen = figures.influenced
    share = ratio(seen.offline_seen_value, seen.offline_value)
    sections = (
        _channels(figures, exact),
        _fitted(figures, cash),
        paths(figures.paths, cash),
        _triggers(figures, cash),
        _months(figures, cash, about.currency),
        later(figures, cash),
        shops(figures, cash),
        ropo(figures, cash),
        sides(figures, cash),
        goods(figures, exact),
        regions(figures, exact),
        click_through(figures),
        clicked("blocks", "By block of the mail", figures.blocks, delivered(figures), cash),
        clicked(
            "categories", "By category of the good clicked", figures.categories, delivered(figures), cash
        ),
        touches(figures),
    )
    asked = queries(about.as_of - timedelta(report_days - 1), about.as_of)
    return Page(
        title="attribution",
        headline=f"Messages came before {share} of the revenue in shops; that does not say that they caused it.",
        about=about,
        sections=tuple(replace(section, query=asked[section.name]) for section in sections),
        tiles=tuple(_tiles(figures, cash)),
        notes=(
            f"Purchases of the last {report_days} days. Influenced counts a purchase for every channel that it saw, "
            "attributed shares it out, so that the channels sum to all of it. Neither is incremental: what messages "
            "caused is measured against people who were left out, in the report on experiments.",
        ),
    )


def _tiles(figures: AttributionFigures, cash: Any) -> Iterator[tuple[str, str, str]]:
    seen, new = figures.influenced, figures.newcomers
    yield "Purchases", count(seen.purchases), cash(seen.value)
    yield (
        "Influenced in shops",
        ratio(seen.offline_seen_value, seen.offline_value),
        "of revenue; not additive",
    )
    for model in _COMPARED:
        mail = sum(row.purchases for row in figures.channels if row.model == model and row.channel == "Email")
        yield f"Mail by {_NAMES[model].lower()}", count(mail), "purchases attributed"
    yield (
        "First visit by a mail",
        ratio(new.newcomers, new.clickers),
        f"of {count(new.clickers)} people who clicked",
    )


def _channels(figures: AttributionFigures, exact: Any) -> Section:
    models = list(dict.fromkeys(row.model for row in figures.channels))
    found = {(row.channel, row.model): row.value for row in figures.channels}
    channels = sorted({channel for channel, _ in found}, key=lambda name: (name == UNATTRIBUTED, name))
    totals = [
        sum((found.get((channel, model), Decimal(0)) for channel in channels), Decimal(0)) for model in models
    ]
    rows = [
        (channel, *(exact(found.get((channel, model), Decimal(0))) for model in models))
        for channel in channels
    ]
    chosen = [model for model in models if model in _DRAWN or model.startswith("markov")]
    shown = [
        {"model": name_of(model), "channel": channel, "value": float(found.get((channel, model), 0))}
        for channel in channels
        for model in chosen
        if channel != UNATTRIBUTED
    ]

    def chart(palette: Palette) -> Drawn:
        legend = alt.Legend(title=None, orient="top", columns=2)
        return (
            sheet(shown, height=alt.Step(9))
            .mark_bar()
            .encode(
                x=alt.X("value:Q", title="Attributed revenue", axis=alt.Axis(format="~s", tickCount=3)),
                y=alt.Y("channel:N", title=None, axis=alt.Axis(labelLimit=120)),
                yOffset=alt.YOffset("model:N"),
                color=alt.Color("model:N", legend=legend),
                tooltip=[
                    tip("model:N", "Model"),
                    tip("channel:N", "Channel"),
                    tip("value:Q", "Revenue", ",.0f"),
                ],
            )
        )

    return Section(
        "channels",
        "By channel and model",
        "Attributed revenue. Each model answers a question of its own, and each sums to all of it.",
        ("Channel", *(name_of(model) for model in models)),
        (*rows, ("All", *(exact(total) for total in totals))) if rows else (),
        chart if shown else None,
        nothing="There was no purchase in the period.",
    )


def _fitted(figures: AttributionFigures, cash: Any) -> Section:
    """The models that were fitted over all paths, with how sure they are, beside what was merely seen."""
    rows = tuple(
        (
            name_of(row.model),
            row.channel,
            count(row.purchases),
            between(row.purchases_low, row.purchases_high),
            between(row.value_low, row.value_high, cash),
            percent(row.removal_effect),
            cash(row.influenced_value),
        )
        for row in figures.channels
        if row.value_low is not None and row.channel != UNATTRIBUTED
    )
    return Section(
        "fitted",
        "How sure, and what was merely seen",
        "Intervals hold the credit in 95 % of samples of customers. The removal effect is the share of purchases that "
        "a chain would lose without the channel. Influenced revenue is of every purchase that saw the channel; it is "
        "not additive, and it is not caused.",
        ("Model", "Channel", "Purchases", "95 %", "Revenue, 95 %", "Removal effect", "Influenced revenue"),
        rows,
        nothing="No touch led to a purchase in the period.",
    )


def _triggers(figures: AttributionFigures, cash: Any) -> Section:
    there = {row.model for row in figures.by_trigger}
    shown = ("last_click", "last_non_direct", "linear", "shapley", *sorted(there - set(RULES)))
    models = [model for model in shown if model in there]
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in figures.by_trigger:
        found.setdefault((row.channel, row.trigger or ""), {})[row.model] = row
    rows = tuple(
        (
            channel,
            trigger.replace("_", " ") or "–",
            *(
                f"{count(of[model].purchases)} · {cash(of[model].value)}" if model in of else "0"
                for model in models
            ),
        )
        for (channel, trigger), of in sorted(found.items())
    )
    return Section(
        "triggers",
        "The receipt mail beside other sources",
        "Purchases and revenue attributed to mails after a receipt, to campaigns and to visits by their source.",
        ("Channel", "Sent by", *(name_of(model) for model in models)),
        rows,
    )


def _months(figures: AttributionFigures, cash: Any, currency: str) -> Section:
    touched = [row for row in figures.by_month if row.channel != UNATTRIBUTED]
    shown = [
        {"month": midnight(row.month), "channel": row.channel, "value": float(row.value)} for row in touched
    ]

    def chart(palette: Palette) -> Drawn:
        return (
            sheet(shown)
            .mark_bar()
            .encode(
                x=alt.X("yearmonth(month):O", title=None, axis=alt.Axis(format="%b %Y", labelOverlap=True)),
                y=alt.Y("value:Q", title=f"Attributed, {currency}", axis=alt.Axis(format="~s", tickCount=4)),
                color=alt.Color("channel:N", legend=alt.Legend(title=None, orient="top", columns=2)),
                tooltip=[tip("channel:N", "Channel"), tip("value:Q", "Revenue", ",.0f")],
            )
        )

    rows = tuple(
        (f"{row.month:%B %Y}", row.channel, count(row.purchases), cash(row.value)) for row in touched
    )
    return Section(
        "months",
        "Over time",
        "Linear credit by month of the purchase; what no touch can be given is left out.",
        ("Month", "Channel", "Purchases", "Revenue"),
        rows,
        chart,
    )


def name_of(model: str) -> str:
    """As people call a model; a chain is called after its order."""
    return _NAMES.get(model) or model.replace("markov_", "Markov, order ")
