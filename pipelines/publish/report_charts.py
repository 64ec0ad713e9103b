"""The charts of the report as Vega-Lite specifications, which a page draws or a picture is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import altair as alt
import vl_convert

from pipelines.publish.report_data import ReportData, Score

Spec = dict[str, Any]
VEGA_LITE = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
Drawn = Any  # altair's own types end at `mark_bar` and its like


@dataclass(frozen=True)
class Palette:
    """The colours of a chart: CSS colours, or variables of the page, which follow light, dark and print."""

    ink: str
    soft: str
    rule: str
    first: str
    second: str
    third: str


PAGE = Palette("var(--ink)", "var(--soft)", "var(--rule)", "var(--first)", "var(--second)", "var(--third)")
PAPER = Palette("#1b2430", "#5b6675", "#dde2e8", "#2563a8", "#e08a1e", "#c3cfdc")


def charts(data: ReportData, palette: Palette = PAGE) -> dict[str, Spec]:
    """Every chart with something to show: `revenue`, `shares`, `categories`, `blocks`, `quality_1`, ..."""
    drawn = {
        "revenue": _revenue(data, palette) if data.weeks else None,
        "shares": _shares(data, palette) if data.weeks else None,
        "categories": _categories(data, palette) if data.categories else None,
        "blocks": _blocks(data, palette) if data.mails else None,
    }
    metrics = dict.fromkeys(score.metric for score in data.scores)
    for number, metric in enumerate(metrics, start=1):
        drawn[f"quality_{number}"] = _quality([s for s in data.scores if s.metric == metric], palette)
    return {name: _finished(chart, palette) for name, chart in drawn.items() if chart is not None}


def charts_png(data: ReportData, *, width: int = 760, scale: float = 2) -> dict[str, bytes]:
    """The same charts as PNG pictures on white."""
    specs = charts(data, PAPER).items()
    return {
        name: vl_convert.vegalite_to_png(
            spec | {"width": width, "background": "white"}, VEGA_LITE, scale=scale
        )
        for name, spec in specs
    }


def still(spec: Spec, *, width: int = 640) -> str:
    """A chart as SVG, for where nothing may run: a preview on a phone, a mail's attachment."""
    svg: str = vl_convert.vegalite_to_svg(spec | {"width": width}, VEGA_LITE)
    return svg


def _revenue(data: ReportData, palette: Palette) -> Drawn:
    rows = [
        {"week": _midnight(week.first), "last": _midnight(week.last), "revenue": float(week.revenue)}
        for week in data.weeks
    ]
    return (
        _chart(rows)
        .mark_bar(color=palette.first)
        .encode(
            x=alt.X("yearmonthdate(week):O", title="Week from Monday", axis=_dates()),
            y=alt.Y("revenue:Q", title=f"Revenue, {data.currency}", axis=alt.Axis(format="~s", tickCount=4)),
            tooltip=[_tip("week:T", "From"), _tip("last:T", "To"), _tip("revenue:Q", "Revenue", ",.0f")],
        )
    )


def _shares(data: ReportData, palette: Palette) -> Drawn:
    names = ("Identified", "Repeat")
    rows = [
        {"week": _midnight(week.first), "share": share, "what": name}
        for week in data.weeks
        for name, share in zip(names, (week.identified_share, week.repeat_share), strict=True)
    ]
    return (
        _chart(rows)
        .mark_line(strokeWidth=2.5, point={"size": 18})
        .encode(
            x=alt.X("week:T", title="Week from Monday", axis=alt.Axis(format="%-d %b", labelOverlap=True)),
            y=alt.Y("share:Q", title="Share of receipts", scale=alt.Scale(domain=[0, 1]), axis=_percent()),
            color=_colours(names, (palette.first, palette.second)),
            tooltip=[_tip("what:N", "Share"), _tip("week:T", "From"), _tip("share:Q", "Value", ".1%")],
        )
    )


def _categories(data: ReportData, palette: Palette) -> Drawn:
    rows = [{"category": name.title(), "revenue": float(revenue)} for name, revenue in data.categories]
    room = 1.25 * max(
        float(revenue) for _, revenue in data.categories
    )  # for the figure behind the longest bar
    base = _chart(rows, height=alt.Step(26)).encode(
        x=alt.X(
            "revenue:Q",
            title=f"Revenue, {data.currency}",
            scale=alt.Scale(domain=[0, room], nice=False),
            axis=alt.Axis(format="~s", tickCount=4),
        ),
        y=alt.Y("category:N", title=None, sort=None, axis=alt.Axis(labelLimit=170)),
        tooltip=[_tip("category:N", "Category"), _tip("revenue:Q", "Revenue", ",.0f")],
    )
    figures = base.mark_text(align="left", dx=4, color=palette.soft).encode(
        text=alt.Text("revenue:Q", format=",.0f")
    )
    return base.mark_bar(color=palette.first) + figures


def _blocks(data: ReportData, palette: Palette) -> Drawn:
    names = ("Full", "Partly filled", "Empty")
    rows = [
        {
            "block": block.block.title(),
            "what": name,
            "mails": mails,
            "order": order,
            "share": mails / block.mails,
        }
        for block in data.blocks
        for order, (name, mails) in enumerate(
            zip(names, (block.full, block.any - block.full, block.mails - block.any), strict=True)
        )
    ]
    return (
        _chart(rows, height=alt.Step(34))
        .mark_bar()
        .encode(
            x=alt.X(
                "share:Q", title="Share of the day's mails", axis=_percent(), scale=alt.Scale(domain=[0, 1])
            ),
            y=alt.Y("block:N", title=None, sort=None),
            color=_colours(names, (palette.first, palette.second, palette.third)),
            order="order:Q",
            tooltip=[
                _tip("block:N", "Block"),
                _tip("what:N", "Mails"),
                _tip("mails:Q", "Number", ","),
                _tip("share:Q", "Share", ".1%"),
            ],
        )
    )


def _quality(scores: Sequence[Score], palette: Palette) -> Drawn:
    rows = [vars(score) for score in scores]
    base = _chart(rows, height=alt.Step(28)).encode(
        y=alt.Y("model:N", title=None, sort=None, axis=alt.Axis(labelLimit=170)),
        tooltip=[
            _tip("model:N", "Model"),
            *(_tip(f"{c}:Q", c.title(), ".4f") for c in ("value", "low", "high")),
        ],
    )
    interval = base.mark_rule(strokeWidth=3, color=palette.soft).encode(x="low:Q", x2="high:Q")
    value = base.mark_point(filled=True, size=90, color=palette.first, opacity=1).encode(
        x=alt.X(
            "value:Q",
            title=scores[0].metric,
            scale=alt.Scale(zero=True),
            axis=alt.Axis(format="~g", tickCount=4),
        )
    )
    return interval + value


def _chart(rows: list[dict[str, Any]], height: Any = 240) -> alt.Chart:
    return alt.Chart({"values": rows}, width="container", height=height)


def _midnight(day: date) -> str:
    """A time without a zone, which a browser takes for its own; a bare date would be UTC."""
    return f"{day}T00:00:00"


def _dates() -> alt.Axis:
    return alt.Axis(format="%-d %b", labelAngle=0, labelOverlap=True, ticks=False)


def _percent() -> alt.Axis:
    return alt.Axis(format=".0%", tickCount=5)


def _colours(names: Sequence[str], colours: Sequence[str]) -> alt.Color:
    legend = alt.Legend(title=None, orient="top", direction="horizontal", columns=3, symbolType="square")
    return alt.Color("what:N", scale=alt.Scale(domain=list(names), range=list(colours)), legend=legend)


def _tip(field: str, title: str, form: str | None = None) -> alt.Tooltip:
    return alt.Tooltip(field, title=title, format=form) if form else alt.Tooltip(field, title=title)


def _finished(chart: Any, palette: Palette) -> Spec:
    """The specification with the page's type and colours, and no ground of its own."""
    text = {"labelColor": palette.soft, "titleColor": palette.soft, "labelFontSize": 12, "titleFontSize": 12}
    axis = text | {
        "gridColor": palette.rule,
        "domainColor": palette.rule,
        "tickColor": palette.rule,
        "titleFontWeight": "normal",
    }
    spec: Spec = chart.to_dict()
    return spec | {
        "background": None,
        "config": {
            "font": "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif",
            "view": {"stroke": None},
            "axis": axis,
            "legend": text | {"labelColor": palette.ink},
        },
    }
