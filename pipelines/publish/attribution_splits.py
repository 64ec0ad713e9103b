"""The parts of the attribution report by goods bought, by region and by message: the same credits, split further."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import altair as alt

from pipelines.calc.attribution import UNATTRIBUTED
from pipelines.publish.attribution_collect import MESSAGES, AttributionFigures
from pipelines.publish.page import Section, count, ratio
from pipelines.publish.report_style import Drawn, Palette, sheet, tip

MOST = 15
OTHERS, EVERYTHING = "Others", "All"
Cells = Mapping[str, Mapping[str, Decimal]]
_ZERO = Decimal(0)


def goods(figures: AttributionFigures, exact: Any) -> Section:
    """Revenue of each category, and what each channel is credited with of it."""
    of_model: dict[str, dict[str, dict[str, Decimal]]] = defaultdict(lambda: defaultdict(dict))
    for row in figures.goods:
        of_model[row.model][row.category][row.channel] = row.value
    linear = of_model.get("linear", {})
    largest = _largest(linear)
    channels = _channels(linear.values())
    folded = _folded(linear, largest)
    shown = [
        {"category": category.title(), "channel": channel, "value": float(value)}
        for category in largest
        for channel, value in linear[category].items()
        if channel != UNATTRIBUTED
    ]
    clicks = {
        model: _folded(of_model.get(model, {}), largest) for model in ("last_click", "post_click") if linear
    }

    def mails(model: str, category: str) -> Decimal:
        found = clicks[model].get(category, {})
        return sum((found.get(channel, _ZERO) for channel in MESSAGES), _ZERO)

    def chart(palette: Palette) -> Drawn:
        return (
            sheet(shown, height=alt.Step(24))
            .mark_bar()
            .encode(
                x=alt.X("value:Q", title="Attributed, linear", axis=alt.Axis(format="~s", tickCount=4)),
                y=alt.Y("category:N", title=None, sort=None, axis=alt.Axis(labelLimit=170)),
                color=alt.Color("channel:N", legend=alt.Legend(title=None, orient="top", columns=2)),
                tooltip=[
                    tip("category:N", "Category"),
                    tip("channel:N", "Channel"),
                    tip("value:Q", "Revenue", ",.2f"),
                ],
            )
        )

    return Section(
        "goods",
        "By category of the goods bought",
        "Net revenue of each category and its linear credit by channel, then the credit of messages by last click and "
        "after a click. Each purchase's credits are shared out over its goods to the cent, so that every line and "
        "every column sums to All. What is bought after a message about it need not be bought because of it.",
        ("Category", "Net revenue", *channels, "Messages, last click", "Messages, post-click"),
        tuple(
            (
                category.capitalize(),
                exact(sum(folded[category].values(), _ZERO)),
                *(exact(folded[category].get(channel, _ZERO)) for channel in channels),
                *(exact(mails(model, category)) for model in clicks),
            )
            for category in folded
        ),
        chart if shown else None,
        nothing="Nothing was bought in the period.",
    )


def regions(figures: AttributionFigures, exact: Any) -> Section:
    """Linear credit by channel and region of the shop."""
    cells: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for row in figures.regions:
        cells[row.region or "no shop, or not known"][row.channel] = row.value
    channels = _channels(cells.values())
    folded = _folded(cells, _largest(cells))
    return Section(
        "regions",
        "By region",
        "Linear credit by the region of the shop that sold or delivers; by shop and day it is in `gold.attribution`.",
        ("Region", "Net revenue", *channels),
        tuple(
            (
                region.capitalize(),
                exact(sum(of.values(), _ZERO)),
                *(exact(of.get(channel, _ZERO)) for channel in channels),
            )
            for region, of in folded.items()
        ),
        nothing="Nothing was bought in the period.",
    )


def click_through(figures: AttributionFigures) -> Section:
    """Messages by what sent them: delivered, clicked, and by people."""
    return Section(
        "messages",
        "Click-through: the receipt mail beside other messages",
        "Messages, each once, and people, each once; clicks of machines are left out. People who click are those who "
        "were interested already: a rate describes a mail, it does not say what the mail brought.",
        (
            "Channel",
            "Sent by",
            "Sent",
            "Delivered",
            "Clicked",
            "per delivered",
            "People",
            "who clicked",
            "per person mailed",
        ),
        tuple(
            (
                row.channel,
                (row.trigger or "–").replace("_", " "),
                count(row.sent),
                count(row.delivered),
                count(row.clicked),
                ratio(row.clicked, row.delivered),
                count(row.people),
                count(row.clickers),
                ratio(row.clickers, row.people),
            )
            for row in figures.messages
        ),
        nothing="No message was sent in the period.",
    )


def delivered(figures: AttributionFigures) -> int:
    """Mails that were delivered in the period."""
    return sum(int(row.delivered) for row in figures.messages if row.channel == "Email")


def _largest(cells: Cells) -> list[str]:
    """The rows with most revenue, the largest first."""
    return sorted(cells, key=lambda name: (-sum(cells[name].values(), _ZERO), name))[:MOST]


def _folded(cells: Cells, shown: Sequence[str]) -> dict[str, dict[str, Decimal]]:
    """The rows that are shown, all others as one, and the sum of all; nothing of nothing."""
    found = {name: dict(cells.get(name, {})) for name in shown}
    rest = [of for name, of in cells.items() if name not in found]
    if rest:
        found[OTHERS] = _added(rest)
    return found | {EVERYTHING: _added(cells.values())} if cells else {}


def _added(rows: Iterable[Mapping[str, Decimal]]) -> dict[str, Decimal]:
    total: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        for channel, value in row.items():
            total[channel] += value
    return dict(total)


def _channels(rows: Iterable[Mapping[str, Decimal]]) -> list[str]:
    """In the order of their names, what nobody is credited with last."""
    return sorted({channel for row in rows for channel in row}, key=lambda name: (name == UNATTRIBUTED, name))
