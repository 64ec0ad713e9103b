"""The report on mailings and experiments: what arms came to, how they differ, and what may be said of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import altair as alt

from pipelines.calc.experiment.arm import CONFIDENCE, CUPED, OFFLINE, PURCHASES, REVENUE
from pipelines.calc.experiment.checks import THRESHOLD
from pipelines.gold.experiment_units import CAMPAIGN
from pipelines.publish.experiment_funnel import cash, funnel, on_site, uplifts
from pipelines.publish.experiment_placebo import placebo_line
from pipelines.publish.page import UNKNOWN, About, Page, Section, between, count
from pipelines.publish.report_style import Drawn, Palette, sheet, tip

_AMOUNTS = (REVENUE, CUPED, OFFLINE)


def experiment_page(results: Sequence[Any], placebo: Sequence[Any], about: About, window_days: int) -> Page:
    """The page of these rows of `gold.experiment_results`, in any order.

    Args:
        results: Of the date.
        placebo: As `placebo_credits` gives them.
        about: What the page is of.
        window_days: For so many days purchases count.
    """
    ordered = sorted(results, key=lambda row: (row.kind, row.experiment_id, row.arm))
    compared = [row for row in ordered if row.verdict is not None]
    return Page(
        title="mailings and experiments",
        headline=_headline(compared),
        about=about,
        sections=(
            _verdicts(compared, about),
            _incremental(ordered, window_days, about),
            placebo_line(placebo, window_days, about),
            funnel(ordered, window_days, about),
            uplifts(ordered, about),
            on_site(ordered, about),
        ),
        notes=tuple(_notes(ordered)),
    )


def _headline(compared: Sequence[Any]) -> str:
    drawn = [row for row in compared if row.by_lot]
    if not drawn:
        return (
            "No mailing or test has arms that were drawn by lot, so nothing here says what mailings caused."
        )
    told = [row for row in drawn if _is_clear(row)]
    experiments, clear = ({(row.kind, row.experiment_id) for row in rows} for rows in (drawn, told))
    return (
        f"{count(len(clear))} of {count(len(experiments))} experiments show a difference that is not luck between "
        "people drawn by lot and those left out; of other people, and of other times, they say nothing."
    )


def _is_clear(row: Any) -> bool:
    """Whether the row shows a difference, in arms that have the sizes they were meant to have."""
    split = row.split_p_value is None or row.split_p_value >= THRESHOLD
    return bool(split and row.p_adjusted is not None and row.p_adjusted < 1 - CONFIDENCE)


def _notes(rows: Sequence[Any]) -> Iterator[str]:
    yield (
        "Only what is counted per person assigned can decide. Open rates and conversions per click describe, and "
        "compare people who chose to open or click."
    )
    each = (row for row in rows if row.metric == REVENUE)  # one row an arm
    for (kind, experiment), of in groupby(each, key=lambda row: (row.kind, row.experiment_id)):
        arms = list(of)
        if arms[0].in_two_arms:
            people = count(arms[0].in_two_arms)
            yield f"{experiment}: {people} people were in more than one arm and are left out of all."
        empty = [row.arm for row in arms if not row.denominator]
        if empty:
            yield f"{experiment}: nobody is in {', '.join(empty)}, so nothing can be said of it."
        if len(arms) == 1 and kind != CAMPAIGN:
            yield f"{experiment}: {arms[0].arm} is the only arm that was landed; there is nothing to compare it with."


def _verdicts(compared: Sequence[Any], about: About) -> Section:
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
                UNKNOWN if row.p_adjusted is None else f"{row.p_adjusted:.3f}",
                row.verdict,
            )
            for row in compared
        ),
        chart if shown else None,
        query="SELECT experiment_id, arm, control, metric, value, absolute, relative, p_adjusted, verdict FROM "
        f"gold.experiment_results WHERE verdict IS NOT NULL AND as_of = DATE '{about.as_of}' ORDER BY ALL",
        nothing="No experiment has an arm to compare with: land `assignments`, those left out included.",
    )


def _incremental(rows: Sequence[Any], window_days: int, about: About) -> Section:
    """What arms brought above their control, scaled to the people in them, and what the control did all the same."""

    def shown() -> Iterator[tuple[str, ...]]:
        for row in rows:
            if row.metric not in (PURCHASES, *_AMOUNTS) or row.control is None or not row.by_lot:
                continue

            def scaled(value: float | None, people: int = row.denominator) -> float | None:
                return None if value is None else value * people

            def amount(value: float | None, metric: str = row.metric) -> str:
                if value is None:
                    return UNKNOWN
                return count(value) if metric == PURCHASES else cash(value, about.currency)

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
        query="SELECT experiment_id, arm, metric, denominator, value * denominator AS in_the_arm, (value - absolute) * "
        "denominator AS placebo, absolute * denominator AS incremental, absolute_low * denominator AS low, "
        "absolute_high * denominator AS high FROM gold.experiment_results WHERE by_lot AND control IS NOT NULL "
        f"AND as_of = DATE '{about.as_of}' ORDER BY ALL",
        nothing="Nobody was left out by lot, so what was caused is not known.",
    )
