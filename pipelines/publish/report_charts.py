"""The charts of the report as Vega-Lite specifications, which a page draws or a picture is made of."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import vl_convert

from pipelines.publish.report_data import ReportData, Score
from pipelines.publish.report_style import (
    PAGE,
    PAPER,
    VEGA_LITE,
    Drawn,
    Palette,
    Spec,
    colours,
    date_axis,
    finished,
    midnight,
    percent_axis,
    picture,
    sheet,
    tip,
)


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
    return {name: finished(chart, palette) for name, chart in drawn.items() if chart is not None}


def charts_png(data: ReportData, *, width: int = 760, scale: float = 2) -> dict[str, bytes]:
    """The same charts as PNG pictures on white."""
    return {name: picture(spec, width=width, scale=scale) for name, spec in charts(data, PAPER).items()}


def still(spec: Spec, *, width: int = 640) -> str:
    """A chart as SVG, for where nothing may run: a preview on a phone, a mail's attachment."""
    svg: str = vl_convert.vegalite_to_svg(spec | {"width": width}, VEGA_LITE)
    return svg


def _revenue(data: ReportData, palette: Palette) -> Drawn:
    rows = [
        {"week": midnight(week.first), "last": midnight(week.last), "revenue": float(week.revenue)}
        for week in data.weeks
    ]
    return (
        sheet(rows)
        .mark_bar(color=palette.first)
        .encode(
            x=alt.X("yearmonthdate(week):O", title="Week from Monday", axis=date_axis()),
            y=alt.Y("revenue:Q", title=f"Revenue, {data.currency}", axis=alt.Axis(format="~s", tickCount=4)),
            tooltip=[tip("week:T", "From"), tip("last:T", "To"), tip("revenue:Q", "Revenue", ",.0f")],
        )
    )


def _shares(data: ReportData, palette: Palette) -> Drawn:
    names = ("Identified", "Repeat")
    rows = [
        {"week": midnight(week.first), "share": share, "what": name}
        for week in data.weeks
        for name, share in zip(names, (week.identified_share, week.repeat_share), strict=True)
    ]
    return (
        sheet(rows)
        .mark_line(strokeWidth=2.5, point={"size": 18})
        .encode(
            x=alt.X("week:T", title="Week from Monday", axis=alt.Axis(format="%-d %b", labelOverlap=True)),
            y=alt.Y(
                "share:Q", title="Share of receipts", scale=alt.Scale(domain=[0, 1]), axis=percent_axis()
            ),
            color=colours(names, (palette.first, palette.second)),
            tooltip=[tip("what:N", "Share"), tip("week:T", "From"), tip("share:Q", "Value", ".1%")],
        )
    )


def _categories(data: ReportData, palette: Palette) -> Drawn:
    rows = [{"category": name.title(), "revenue": float(revenue)} for name, revenue in data.categories]
    room = 1.25 * max(
        float(revenue) for _, revenue in data.categories
    )  # for the figure behind the longest bar
    base = sheet(rows, height=alt.Step(26)).encode(
        x=alt.X(
            "revenue:Q",
            title=f"Revenue, {data.currency}",
            scale=alt.Scale(domain=[0, room], nice=False),
            axis=alt.Axis(format="~s", tickCount=4),
        ),
        y=alt.Y("category:N", title=None, sort=None, axis=alt.Axis(labelLimit=170)),
        tooltip=[tip("category:N", "Category"), tip("revenue:Q", "Revenue", ",.0f")],
    )
    figures = base.mark_text(align="left", dx=4, color=palette.soft).encode(
        text=alt.Text("revenue:Q", format=",.0f")
    )
    return base.mark_bar(color=palette.first) + figures


def _blocks(data: ReportData, palette: Palette) -> Drawn:
    names = ("Full", "Partly filled", "Empty")
    rows = [
        {
            "block": block.block.replace("_", " ").capitalize(),
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
        sheet(rows, height=alt.Step(34))
        .mark_bar()
        .encode(
            x=alt.X(
                "share:Q",
                title="Share of the day's mails",
                axis=percent_axis(),
                scale=alt.Scale(domain=[0, 1]),
            ),
            y=alt.Y("block:N", title=None, sort=None),
            color=colours(names, (palette.first, palette.second, palette.third)),
            order="order:Q",
            tooltip=[
                tip("block:N", "Block"),
                tip("what:N", "Mails"),
                tip("mails:Q", "Number", ","),
                tip("share:Q", "Share", ".1%"),
            ],
        )
    )


def _quality(scores: Sequence[Score], palette: Palette) -> Drawn:
    rows = [vars(score) for score in scores]
    base = sheet(rows, height=alt.Step(28)).encode(
        y=alt.Y("model:N", title=None, sort=None, axis=alt.Axis(labelLimit=170)),
        tooltip=[
            tip("model:N", "Model"),
            *(tip(f"{c}:Q", c.title(), ".4f") for c in ("value", "low", "high")),
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
    # Vega draws a mark without rows as a picture without words, which a screen reader stumbles over.
    return interval + value if any(score.low is not None for score in scores) else value
