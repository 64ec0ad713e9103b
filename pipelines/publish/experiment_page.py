"""The report on mailings and experiments: what arms came to, how they differ, and what may be said of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any

import altair as alt

from pipelines.calc.experiment.arm import CUPED, OFFLINE, PURCHASES, REVENUE
from pipelines.publish.page import About, Page, Section, between, count, percent
from pipelines.publish.report import money
from pipelines.publish.report_style import Drawn, Palette, sheet, tip

MOST = 30
_AMOUNTS = (REVENUE, CUPED, OFFLINE)
_FUNNEL = (
    "opened_per_sent",
    "opened_per_sent_human",
    "clicked_per_opened",
    "clicked_per_opened_human",
    "ordered_per_clicked",
    "ordered_per_clicked_human",
)


def experiment_page(results: Sequence[Any], about: About, window_days: int) -> Page:
    """The page of these rows of `gold.experiment_results`, in any order."""
    ordered = sorted(results, key=lambda row: (row.kind, row.experiment_id, row.arm))
    compared = [row for row in ordered if row.verdict is not None]
    sections = (
        _verdicts(compared),
        _incremental(ordered, window_days, about.currency),
        _funnel(ordered, window_days, about.currency),
    )
    return Page(
        title="mailings and experiments",
        headline=_headline(compared),
        about=about,
        sections=sections,
        notes=tuple(_notes(ordered)),
    )


def _headline(compared: Sequence[Any]) -> str:
    if not compared:
        return (
            "No mailing was sent to arms that were drawn by lot, so nothing here says what mailings caused."
        )
    told = [row for row in compared if row.p_adjusted is not None and row.p_adjusted < 0.05 and row.by_lot]
    experiments = {(row.kind, row.experiment_id) for row in compared}
    clear = {(row.kind, row.experiment_id) for row in told}
    return f"{count(len(clear))} of {count(len(experiments))} experiments show a difference that is not luck."


def _notes(rows: Sequence[Any]) -> Iterator[str]:
    yield (
        "Only what is counted per person assigned can decide. Open rates and conversions per click describe, and "
        "compare people who chose to open or click."
    )
    twice = {(row.kind, row.experiment_id): row.in_two_arms for row in rows if row.in_two_arms}
    for (_, experiment), people in sorted(twice.items()):
        yield f"{experiment}: {count(people)} people were in more than one arm and are left out of all."


def _verdicts(compared: Sequence[Any]) -> Section:
    lifts = [row for row in compared if row.relative_low is not None and row.relative_high is not None]
    shown = [
        {
            "what": f"{row.experiment_id}, {row.arm}: {row.metric.split('_')[0]}",
            "value": row.relative,
            "low": row.relative_low,
            "high": row.relative_high,
        }
        for row in lifts
    ]

    def chart(palette: Palette) -> Drawn:
        base = sheet(shown, height=alt.Step(26)).encode(
            y=alt.Y("what:N", title=None, axis=alt.Axis(labelLimit=220))
        )
        lines = base.mark_rule(strokeWidth=3, color=palette.soft).encode(
            x=alt.X("low:Q", title="Lift over the control", axis=alt.Axis(format="+.0%", tickCount=5)),
            x2="high:Q",
        )
        dots = base.mark_point(filled=True, size=80, color=palette.first, opacity=1).encode(
            x="value:Q", tooltip=[tip("what:N", "What"), tip("value:Q", "Lift", "+.1%")]
        )
        return lines + dots

    return Section(
        "verdicts",
        "What may be said",
        "Each arm against its control, as people were assigned (intention to treat), purchases on both sides. "
        "p-values are adjusted for there being several metrics.",
        ("Experiment", "Arm", "Against", "p, adjusted", "Verdict"),
        tuple(
            (
                row.experiment_id,
                row.arm,
                row.control,
                "–" if row.p_adjusted is None else f"{row.p_adjusted:.3f}",
                row.verdict,
            )
            for row in compared
        ),
        chart if shown else None,
        query='tillpost sql --release latest "SELECT * FROM gold.experiment_results WHERE decides"',
        nothing="No experiment has an arm to compare with: land `assignments`, those left out included.",
    )


def _incremental(rows: Sequence[Any], window_days: int, currency: str) -> Section:
    """What arms brought above their control, scaled to the people in them, and what the control did all the same."""

    def shown() -> Iterator[tuple[str, ...]]:
        for row in rows:
            if row.metric not in (PURCHASES, *_AMOUNTS) or row.control is None or not row.by_lot:
                continue

            def scaled(value: float | None, people: int = row.denominator) -> float | None:
                return None if value is None else value * people

            def amount(value: float | None, metric: str = row.metric) -> str:
                if value is None:
                    return "–"
                return count(value) if metric == PURCHASES else money(Decimal(str(value)), currency)

            without = None if row.value is None or row.absolute is None else row.value - row.absolute
            yield (
                row.experiment_id,
                row.arm,
                row.metric.replace("_per_person", "").replace("_", " "),
                count(row.denominator),
                amount(scaled(row.value)),
                amount(scaled(without)),
                amount(scaled(row.absolute)),
                between(scaled(row.absolute_low), scaled(row.absolute_high), amount),
            )

    return Section(
        "incremental",
        "Incremental, with the placebo line",
        f"What people in the arm bought within {window_days} days of their first assignment; what as many people of "
        "the control bought after the time at which their message would have gone (the placebo: an influenced count "
        "would credit that, too); and the difference, which is what the arm caused.",
        ("Experiment", "Arm", "Metric", "People", "In the arm", "Placebo", "Incremental", "95 %"),
        tuple(shown()),
        query='tillpost sql --release latest "SELECT experiment_id, arm, metric, denominator, value * denominator, '
        "absolute * denominator, absolute_low * denominator, absolute_high * denominator FROM gold.experiment_results "
        'WHERE by_lot AND control IS NOT NULL ORDER BY ALL"',
        nothing="Nobody was left out by lot, so what was caused is not known.",
    )


def _funnel(rows: Sequence[Any], window_days: int, currency: str) -> Section:
    def shown() -> Iterator[tuple[str, ...]]:
        for (experiment, arm), mine in groupby(rows, key=lambda row: (row.experiment_id, row.arm)):
            of = {row.metric: row for row in mine}
            people = of[REVENUE].denominator
            yield (
                experiment,
                arm,
                count(people),
                *(
                    f"{percent(of[name].value)} of {count(of[name].denominator)}" if name in of else "–"
                    for name in _FUNNEL
                ),
                count(of[PURCHASES].numerator),
                money(Decimal(str(of[REVENUE].value or 0)), currency),
            )

    found = sorted(shown(), key=lambda row: -int(row[2].replace(",", "")))[:MOST]
    return Section(
        "funnel",
        "Mailings as marketers read them",
        f"People, each once. Opens, clicks and orders within {window_days} days of the first message; rates are of "
        f"those before them, raw and without machines. The {MOST} largest.",
        (
            "Mailing",
            "Arm",
            "People",
            "Opened",
            "by people",
            "Click per open",
            "by people",
            "Order per click",
            "by people",
            "Purchases",
            "Revenue per person",
        ),
        tuple(found),
        query='tillpost sql --release latest "SELECT experiment_id, arm, metric, numerator, denominator, value '
        'FROM gold.experiment_results ORDER BY ALL"',
        nothing="No mailing was sent.",
    )
