"""How the charts of the report look: colours, axes, legends and type, in one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import altair as alt
import vl_convert

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


def sheet(rows: list[dict[str, Any]], height: Any = 240, name: str | None = None) -> alt.Chart:
    """A chart of these rows, as wide as its place; with a name, by which a script may change them."""
    data = {"values": rows} | ({"name": name} if name else {})
    return alt.Chart(data, width="container", height=height)


def picture(spec: Spec, *, width: int = 760, scale: float = 2) -> bytes:
    """A chart as a PNG picture on white."""
    found: bytes = vl_convert.vegalite_to_png(
        spec | {"width": width, "background": "white"}, VEGA_LITE, scale=scale
    )
    return found


def midnight(day: date) -> str:
    """A time without a zone, which a browser takes for its own; a bare date would be UTC."""
    return f"{day}T00:00:00"


def date_axis() -> alt.Axis:
    """Days, as many as there is room for."""
    return alt.Axis(format="%-d %b", labelAngle=0, labelOverlap=True, ticks=False)


def percent_axis() -> alt.Axis:
    """Whole percents."""
    return alt.Axis(format=".0%", tickCount=5)


def colours(names: Sequence[str], hues: Sequence[str]) -> alt.Color:
    """One colour per name, with its legend above."""
    legend = alt.Legend(title=None, orient="top", direction="horizontal", columns=3, symbolType="square")
    return alt.Color("what:N", scale=alt.Scale(domain=list(names), range=list(hues)), legend=legend)


def tip(field: str, title: str, form: str | None = None) -> alt.Tooltip:
    """A line of what shows under the pointer."""
    return alt.Tooltip(field, title=title, format=form) if form else alt.Tooltip(field, title=title)


def finished(chart: Any, palette: Palette) -> Spec:
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
