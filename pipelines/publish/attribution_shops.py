"""The parts of the attribution report that look at shops and site together, and at what was clicked."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any

from pipelines.gold.purchases import CLICK_AND_COLLECT, ONLINE
from pipelines.publish.attribution_collect import AttributionFigures
from pipelines.publish.attribution_sides import PLACEBO_DAYS, ROPO_DAYS
from pipelines.publish.page import UNKNOWN, Section, count, ratio

_MESSAGES_SEEN = "Seen is not caused: people who shop often are mailed often, and open often."


def later(figures: AttributionFigures, cash: Any) -> Section:
    """Post-click on all channels and online only, beside last click, by the source by which people came back."""
    online = [row for row in figures.later if row.side in (ONLINE, CLICK_AND_COLLECT)]
    last = sum(
        row.purchases for row in figures.channels if row.model == "last_click" and row.channel == "Email"
    )
    everywhere = sum(row.purchases for row in figures.later)

    def line(source: str, where: str, rows: Sequence[Any]) -> tuple[str, ...]:
        purchases = sum(row.purchases for row in rows)
        times = f"{purchases / last:.2f}" if last else UNKNOWN
        revenue = cash(sum((row.value for row in rows), Decimal(0)))
        return (source, where, count(purchases), ratio(purchases, everywhere), times, revenue)

    sums = [line("All sources", "all channels", figures.later), line("All sources", "online only", online)]
    sources = [line(row.channel, row.side.replace("_", " "), [row]) for row in figures.later]
    bought = sum(row.purchases for row in online)
    beside = f"the {count(last)} that last click gives to mails"
    compared = (
        f"{everywhere / last:.1f} and {bought / last:.1f} times {beside}" if last else f"beside {beside}"
    )
    return Section(
        "later",
        "After a click on a mail: by which source people came back",
        "Purchases within the mail's window after a click, whatever came later, by the source of the last click. "
        "Times: as a multiple of all purchases that last click gives to mails.",
        ("Last click", "Where", "Purchases", "Share", "Times last click", "Revenue"),
        (*sums, *sources) if figures.later else (),
        said=(
            f"Post-click: {count(everywhere)} purchases on all channels, {count(bought)} of them online. That is "
            f"{compared}. A click before a purchase is no proof that it caused it.",
        ),
        nothing="Nobody bought after a click on a mail.",
    )


def shops(figures: AttributionFigures, cash: Any) -> Section:
    """Purchases at tills before which a message was seen."""
    seen = figures.influenced
    rows = (
        ("In shops", count(seen.offline), cash(seen.offline_value)),
        ("of these, a message was seen before", count(seen.offline_seen), cash(seen.offline_seen_value)),
        (
            "share",
            ratio(seen.offline_seen, seen.offline),
            ratio(seen.offline_seen_value, seen.offline_value),
        ),
    )
    return Section(
        "shops",
        "Revenue in shops influenced by messages",
        f"Purchases at a till with a message opened, clicked or delivered in its window before. {_MESSAGES_SEEN}",
        ("Purchases", "Number", "Revenue"),
        rows if seen.offline else (),
    )


def ropo(figures: AttributionFigures, cash: Any) -> Section:
    """Research online, purchase offline, beside its placebo."""
    found = figures.ropo
    rows = tuple(
        (
            f"{days} days" if days > 1 else "1 day",
            cash(found[f"wait_{days}"]),
            ratio(found[f"wait_{days}"], found.revenue),
            ratio(found[f"shifted_{days}"], found.revenue),
        )
        for days in ROPO_DAYS
    )
    return Section(
        "ropo",
        "Researched online, bought in the shop",
        "Identified revenue in shops whose buyer had visited the site in the days before. The placebo moves every "
        f"purchase back by {PLACEBO_DAYS} days: what it shows is habit, and only what lies above it may be research.",
        ("Visit within", "Revenue", "Share", "Placebo's share"),
        rows if found.identified else (),
        said=(
            f"Card coverage: {ratio(found.revenue, found.offline_revenue)} of the shops' revenue is of a known person; "
            "of the rest nothing can be said.",
        ),
        nothing="The period is too short for the placebo, or nobody is known in the shops.",
    )


def sides(figures: AttributionFigures, cash: Any) -> Section:
    """Sales by side, pick-ups, and people by the sides they buy on."""
    by_side = {row.side: row for row in figures.sides}
    whole = sum(row.purchases for row in figures.sides)
    rows = [
        (
            row.side.replace("_", " ").capitalize(),
            count(row.purchases),
            ratio(row.purchases, whole),
            cash(row.value),
        )
        for row in figures.sides
    ]
    rows += [
        (
            f"People who buy {row.mix}",
            count(row.people),
            f"{row.purchases / row.people:,.1f} each",
            cash(row.value),
        )
        for row in figures.mix
    ]
    collected, sent = by_side.get(CLICK_AND_COLLECT), by_side.get(ONLINE)
    orders = sum(row.purchases for row in (collected, sent) if row)
    said = "There were no online orders."
    if orders:
        picked = collected.purchases if collected else 0
        own = collected.first_store if collected else 0
        said = (
            f"{ratio(picked, orders)} of {count(orders)} online orders were picked up in a shop, {ratio(own, picked)} "
            "of these in the shop of the person's first purchase."
        )
    return Section("sides", "Where people buy", "Sales, and people known by name or card.",
                   ("Side", "Number", "Share, or purchases", "Revenue"), tuple(rows), said=(said,))  # fmt: skip


def clicked(name: str, title: str, rows: Sequence[Any], delivered: int, cash: Any) -> Section:
    """Clicks and the purchases after them, by what was clicked."""
    return Section(
        name,
        title,
        f"Clicks of people, machines left out. Click-through is of the {count(delivered)} mails delivered. A click "
        "converts if a purchase on any channel follows within its window and no later click on a message does. It "
        "does not prove that the click brought the purchase.",
        ("", "Clicks", "Click-through", "People", "Clicks that convert", "Purchases", "Revenue"),
        tuple(
            (
                row.what.replace("_", " ").capitalize(),
                count(row.clicks),
                ratio(row.messages, delivered),
                count(row.people),
                ratio(row.bought_after, row.clicks),
                count(row.purchases),
                cash(row.value),
            )
            for row in rows
        ),
        nothing="Nobody clicked.",
    )


def touches(figures: AttributionFigures, most: int = 15) -> Section:
    """Touches before a purchase, by year and category."""
    rows: list[tuple[str, ...]] = []
    for _, year in groupby(figures.touches, key=lambda row: row.year):
        mine = sorted(year, key=lambda row: (row.category is not None, -row.purchases, row.category or ""))
        rows += [
            (
                str(row.year),
                (row.category or "All goods").capitalize(),
                count(row.purchases),
                f"{row.touches / row.purchases:.1f}",
            )
            for row in mine[: most + 1]
        ]
    return Section(
        "touches",
        "Touches before a purchase",
        f"Of purchases that saw any touch in its window, by year and by the {most} categories bought most often; a "
        "purchase counts in each of its categories.",
        ("Year", "Category", "Purchases", "Touches each"),
        tuple(rows),
        nothing="No purchase saw a touch.",
    )
