"""The dashboard's money: what was sold by day and shop, and which channels are credited with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from pipelines.calc.attribution import UNATTRIBUTED
from pipelines.publish.attribution_page import name_of
from pipelines.publish.cube import DAY, FIGURES, Cube, Measure
from pipelines.publish.dashboard_collect import MODELS
from pipelines.publish.page import About, Section, of_cube
from pipelines.publish.report_style import Drawn, Palette, sheet, tip

_SHOWN = (
    Measure("Revenue", "revenue", form="amount", remark="less returns"),
    Measure("Purchases", "sales", remark="sale receipts and orders"),
    Measure("Average purchase", "revenue", "sales", "amount"),
    Measure("Identified", "identified", "sales", "percent", remark="of purchases"),
)
_MONEY = alt.Axis(format="~s", tickCount=4)


def sold(rows: Sequence[Any], about: About, period: str) -> Section:
    """Of `day, shop, sales, identified, revenue`."""
    sums = ("sales", "identified", "revenue")
    cube = Cube.of(rows, (DAY, "shop"), sums, by="shop", drawn_by=DAY, shown=_SHOWN, tiles=_SHOWN)

    def chart(palette: Palette) -> Drawn:
        days = alt.Axis(format="%-d %b", labelOverlap=True, grid=False)
        return (
            sheet(cube.drawn(), name=FIGURES)
            .mark_bar(color=palette.first)
            .encode(
                x=alt.X("yearmonthdate(day):T", title=None, axis=days),
                y=alt.Y("revenue:Q", title=f"Revenue, {about.currency}", axis=_MONEY),
                tooltip=[
                    tip("day:T", "Day", "%a %-d %b %Y"),
                    tip("revenue:Q", "Revenue", ",.0f"),
                    tip("sales:Q", "Purchases", ","),
                ],
            )
        )

    return of_cube(
        cube,
        about.currency,
        "Shop",
        chart,
        name="revenue",
        title="Revenue by day and shop",
        lead="What tills took and the web shop sold, on the day of the purchase. An order that is picked up is its "
        "till's receipt.",
        query="SELECT purchased_on, store_id, count(*) FILTER (kind = 'sale') AS sales, sum(net_revenue) AS revenue "
        f"FROM gold.purchases WHERE purchased_on {period} GROUP BY ALL ORDER BY ALL",
        nothing="Nothing was sold in the period.",
    )


def credited(rows: Sequence[Any], about: About, period: str) -> Section:
    """Of `day, shop, channel` and the value by each model."""
    used = tuple(model for model in MODELS if any(getattr(row, model) for row in rows))
    named = {model: name_of(model) for model in used}
    shown = tuple(Measure(name, model, form="amount") for model, name in named.items())
    cube = Cube.of(rows, (DAY, "shop", "channel"), used, by="channel", drawn_by="channel", shown=shown)

    def chart(palette: Palette) -> Drawn:
        hues = (palette.first, palette.second, palette.soft, palette.third)[: len(used)]
        words = alt.Legend(
            title=None, orient="top", columns=2, symbolType="square", labelExpr=f"{named}[datum.label]"
        )
        return (
            sheet(cube.drawn(), alt.Step(9), FIGURES)
            .transform_filter(f"datum.channel != '{UNATTRIBUTED}'")
            .transform_fold([*used], as_=["model", "value"])
            .mark_bar()
            .encode(
                x=alt.X("value:Q", title=f"Attributed, {about.currency}", axis=_MONEY),
                y=alt.Y("channel:N", title=None, sort=None, axis=alt.Axis(labelLimit=130)),
                yOffset=alt.YOffset("model:N", sort=list(used)),
                color=alt.Color(
                    "model:N", legend=words, scale=alt.Scale(domain=list(used), range=list(hues))
                ),
                tooltip=[
                    tip("channel:N", "Channel"),
                    tip("model:N", "Model"),
                    tip("value:Q", "Revenue", ",.0f"),
                ],
            )
        )

    return of_cube(
        cube,
        about.currency,
        "Channel",
        chart if used else None,
        name="attribution",
        title="Attribution",
        lead="Revenue of the days by the channel that is credited with it. Every model sums to all of it; what a "
        "channel caused is another question.",
        query="SELECT purchased_on, store_id, channel, model, sum(value) AS value FROM gold.attribution "
        f"WHERE purchased_on {period} GROUP BY ALL ORDER BY ALL",
        nothing="There was no purchase in the period.",
    )
