"""The report on the loyalty programme: who is known by it, what its points came to, what may be said of its effect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

import altair as alt

from pipelines.calc.loyalty import Redemption
from pipelines.publish.loyalty_collect import OF_CLASS, SHOWN, LoyaltyFigures, paid_by_points
from pipelines.publish.loyalty_effect import by_lot, effect
from pipelines.publish.page import UNKNOWN, About, Page, Section, count, percent, ratio
from pipelines.publish.report import money
from pipelines.publish.report_style import Drawn, Palette, midnight, percent_axis, sheet, tip

_MONTHS = {
    "identified_receipts": "Identified receipts",
    "identified_revenue": "Identified revenue",
    "repeat_receipts": "Repeat receipts",
    "email": "E-mail known",
    "consent": "May be written to",
    "points_issued": "Points issued",
    "points_redeemed": "Points spent",
}
_DRAWN = ("identified_receipts", "repeat_receipts")
_PLAIN = "points_issued"  # a number, and no share of another


def loyalty_page(
    figures: LoyaltyFigures,
    about: About,
    report_days: int,
    redemptions: Sequence[Redemption],
    window_days: int,
) -> Page:
    """The page of these figures.

    Args:
        figures: What was collected.
        about: What the page is of.
        report_days: Days of the period.
        redemptions: The rules by which points pay; what stands is valued by the one that holds on the date.
        window_days: For so long what people do counts for an experiment.
    """

    def cash(amount: Decimal | float | None) -> str:
        return UNKNOWN if amount is None else money(Decimal(str(amount)), about.currency)

    def cents(amount: Decimal | float | None) -> str:
        return UNKNOWN if amount is None else money(Decimal(str(amount)), about.currency, 2)

    since = about.as_of - timedelta(report_days - 1)
    worth = _worth(redemptions, about)
    return Page(
        title="loyalty programme",
        headline=_headline(figures, cash),
        about=about,
        sections=(
            _months(figures, since),
            _points(figures, cash, worth, since),
            by_lot(figures, about, window_days, cents),
            effect(figures, about, cash),
            _classes(figures, cash),
        ),
        tiles=tuple(_tiles(figures, cash, worth)),
        notes=(
            f"Points and revenue are of the last {report_days} days. Shares of receipts and revenue are of what tills "
            "took; repeat receipts and spend are left-censored: what was bought before the data began, or without a "
            "card, is not known.",
        ),
    )


def _worth(redemptions: Sequence[Redemption], about: About) -> Decimal | None:
    """What a point pays on the date; null: no rule holds."""
    for rule in redemptions:
        begun = rule.starts_on <= about.as_of
        if (
            rule.currency == about.currency
            and begun
            and (rule.ends_on is None or about.as_of <= rule.ends_on)
        ):
            return rule.point_value
    return None


def _latest(figures: LoyaltyFigures) -> dict[str, Any]:
    """Of the latest month, each metric's row."""
    last = max((row.month for row in figures.months), default=None)
    return {row.metric: row for row in figures.months if row.month == last}


def _headline(figures: LoyaltyFigures, cash: Any) -> str:
    cost = paid_by_points(figures)
    share = ratio(cost, figures.members_revenue, 2)
    found = _latest(figures).get("identified_receipts")
    known = f"{percent(found.value)} of the latest month's receipts are of a known person" if found else ""
    if not figures.kinds:
        return f"{known or 'No receipt is of a known person'}; no points were given or spent."
    paid = f"points paid {cash(cost)}, {share} of what members spent"
    said = f"{paid}; what they would have spent without it is not known."
    return f"{known}; {said}" if known else said[0].upper() + said[1:]


def _tiles(figures: LoyaltyFigures, cash: Any, worth: Decimal | None) -> Iterator[tuple[str, str, str]]:
    latest, standing = _latest(figures), figures.standing
    for metric in _DRAWN:
        row = latest.get(metric)
        of = f"of {count(row.denominator)} in {row.month:%B %Y}" if row else "no month with a receipt"
        yield _MONTHS[metric], percent(row.value if row else None), of
    yield "Points that stand", count(standing.points), f"of {count(standing.people)} people"
    yield (
        "They could pay",
        UNKNOWN if worth is None else cash(standing.points * worth),
        "no rule pays with points" if worth is None else f"{worth:,} a point",
    )


def _months(figures: LoyaltyFigures, since: date) -> Section:
    def cell(of: dict[str, Any], metric: str) -> str:
        row = of.get(metric)
        if row is None:
            return UNKNOWN
        return (
            count(row.numerator) if metric == _PLAIN else f"{percent(row.value)} of {count(row.denominator)}"
        )

    by_month = [
        (month, {row.metric: row for row in rows})
        for month, rows in groupby(figures.months, key=lambda row: row.month)
    ]
    shown = [
        {"month": midnight(row.month), "what": _MONTHS[row.metric], "share": row.value}
        for row in figures.months
        if row.metric in _DRAWN and row.value is not None
    ]

    def chart(palette: Palette) -> Drawn:
        return (
            sheet(shown)
            .mark_line(strokeWidth=2.5, point={"size": 30})
            .encode(
                x=alt.X("yearmonth(month):T", title=None, axis=alt.Axis(format="%b %Y", labelOverlap=True)),
                y=alt.Y("share:Q", title="Share", scale=alt.Scale(domain=[0, 1]), axis=percent_axis()),
                color=alt.Color("what:N", legend=alt.Legend(title=None, orient="top")),
                tooltip=[
                    tip("what:N", "Share"),
                    tip("month:T", "Month", "%B %Y"),
                    tip("share:Q", "Value", ".1%"),
                ],
            )
        )

    return Section(
        "months",
        "By month",
        "Each share with what it is of: receipts, revenue, identified receipts, people who have bought so far, points "
        "issued. A high share of known receipts says that cards are shown, not that they bring anything.",
        ("Month", *(_MONTHS[metric] for metric in SHOWN)),
        tuple((f"{month:%B %Y}", *(cell(of, metric) for metric in SHOWN)) for month, of in by_month),
        chart if shown else None,
        query="SELECT month, metric, numerator, denominator, value FROM gold.kpi_monthly WHERE grouping = 'all' "
        f"AND month >= DATE '{since}' ORDER BY ALL",
        nothing="There is no month with a receipt.",
    )


def _points(figures: LoyaltyFigures, cash: Any, worth: Decimal | None, since: date) -> Section:
    cost, standing = paid_by_points(figures), figures.standing
    return Section(
        "points",
        "Points, and what they cost",
        f"Entries of the ledger since {since}. The amount is the money that points were given for, "
        "or that they paid.",
        ("Entry", "Number", "People", "Points", "Amount"),
        tuple(
            (
                row.kind.capitalize(),
                count(row.entries),
                count(row.people),
                count(row.points),
                cash(row.amount),
            )
            for row in figures.kinds
        ),
        said=(
            f"Points paid {cash(cost)}: {ratio(cost, figures.members_revenue, 2)} of the "
            f"{cash(figures.members_revenue)} that members spent in the period. "
            + (
                "No rule lets points pay on this date, so what stands is worth nothing yet."
                if worth is None
                else f"The {count(standing.points)} points that stand could pay {cash(standing.points * worth)} "
                f"more; {count(standing.available)} of them can be spent now. Points that nobody ever spends cost "
                "nothing, and how many these will be is not known."
            )
            + " This is the price at the till, not the shop's cost of the goods, which is not in the data.",
        ),
        query="SELECT kind, count(*) AS entries, count(DISTINCT person_id) AS people, sum(points) AS points, "
        f"sum(amount) AS amount FROM gold.loyalty_ledger WHERE occurred_on >= DATE '{since}' "
        "GROUP BY kind ORDER BY kind",
        nothing="No points were given or spent in the period.",
    )


def _classes(figures: LoyaltyFigures, cash: Any) -> Section:
    last = max((row.month for row in figures.classes), default=None)
    by_class = [
        (member, {row.metric: row for row in rows})
        for member, rows in groupby(
            (row for row in figures.classes if row.month == last), key=lambda row: row.member
        )
    ]

    def cell(of: dict[str, Any], metric: str) -> str:
        row = of.get(metric)
        if row is None or row.value is None:
            return UNKNOWN
        if metric in ("spend", "average_receipt"):
            return str(cash(row.value))
        return f"{percent(row.value)} of {count(row.denominator)}"

    return Section(
        "classes",
        "Who buys where" if last is None else f"Who buys where, in {last:%B %Y}",
        "By the sides on which people have bought so far. Who buys on both sides spends more because frequent buyers "
        "find both; it does not follow that a second side makes anybody spend more.",
        ("Class", "People", "Revenue", "Spend of a buyer", "Average receipt", "Repeat purchases"),
        tuple(
            (member.replace("_", " ").capitalize(), *(cell(of, metric) for metric in OF_CLASS))
            for member, of in by_class
        ),
        query="SELECT * FROM gold.kpi_monthly WHERE grouping = 'class' ORDER BY month DESC, member, metric",
        nothing="There is no month with a purchase.",
    )
