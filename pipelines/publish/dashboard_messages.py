"""The dashboard's messages: what became of each trigger's candidates, and which gate stopped those that did not go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import altair as alt

from pipelines.gold.send_decisions import OUTCOMES, SENT
from pipelines.publish.cube import DAY, FIGURES, Cube, Measure
from pipelines.publish.page import About, Section, of_cube
from pipelines.publish.report_style import Drawn, Palette, sheet, tip

_BY = (DAY, "shop", "channel", "trigger")
_NAMES = {outcome: outcome.replace("_", " ").capitalize() for outcome in OUTCOMES}
_ON = "coalesce(decided_on, raised_on)"


def triggers(rows: Sequence[Any], about: About, period: str) -> Section:
    """Of `day, shop, channel, trigger` and a number for each outcome."""
    shown = tuple(Measure(_NAMES[outcome], outcome) for outcome in OUTCOMES)
    cube = Cube.of(rows, _BY, OUTCOMES, by="trigger", drawn_by="trigger", shown=shown, tiles=shown[:3])
    return of_cube(
        cube,
        about.currency,
        "Trigger",
        _outcomes(cube),
        name="messages",
        title="Messages by trigger",
        lead="What became of each trigger's candidates, on the day on which it was decided; of those that wait, on the "
        "day on which they were raised.",
        query=f"SELECT {_ON} AS day, store_id, channel, trigger, outcome, count(*) AS candidates "
        f"FROM gold.send_decisions WHERE {_ON} {period} GROUP BY ALL ORDER BY ALL",
        nothing="No trigger has raised a message in the period.",
    )


def gates(rows: Sequence[Any], about: About, period: str) -> Section:
    """Of the same by `gate`, of candidates that one has stopped."""
    stopped = tuple(outcome for outcome in OUTCOMES if outcome != SENT)
    shown = tuple(Measure(_NAMES[outcome], outcome) for outcome in stopped)
    cube = Cube.of(rows, (*_BY, "gate"), stopped, by="gate", drawn_by="gate", shown=shown)
    return of_cube(
        cube,
        about.currency,
        "Gate",
        _outcomes(cube),
        name="gates",
        title="Why messages did not go",
        lead="The first gate that did not let a candidate through; docs/triggers.md says what each of them asks.",
        query=f"SELECT {_ON} AS day, store_id, channel, trigger, refused_by, outcome, count(*) AS candidates "
        f"FROM gold.send_decisions WHERE {_ON} {period} AND refused_by IS NOT NULL GROUP BY ALL ORDER BY ALL",
        nothing="Nothing was stopped in the period.",
    )


def _outcomes(cube: Cube) -> Callable[[Palette], Drawn]:
    """Bars of a number for each outcome, one after the other."""
    by, told = cube.drawn_by, list(cube.sums)

    def chart(palette: Palette) -> Drawn:
        hues = (palette.first, palette.second, palette.soft, palette.ink, palette.third)
        of = dict(zip(OUTCOMES, hues, strict=True))
        words = alt.Legend(
            title=None, orient="top", columns=3, symbolType="square", labelExpr=f"{_NAMES}[datum.label]"
        )
        return (
            sheet(cube.drawn(), alt.Step(26), FIGURES)
            .transform_fold([*told], as_=["outcome", "candidates"])
            .mark_bar()
            .encode(
                x=alt.X("candidates:Q", title="Candidates", axis=alt.Axis(format="~s", tickCount=4)),
                y=alt.Y(f"{by}:N", title=None, sort=None, axis=alt.Axis(labelLimit=170)),
                color=alt.Color(
                    "outcome:N",
                    legend=words,
                    scale=alt.Scale(domain=told, range=[of[name] for name in told]),
                ),
                tooltip=[
                    tip(f"{by}:N", by.capitalize()),
                    tip("outcome:N", "Outcome"),
                    tip("candidates:Q", "Number", ","),
                ],
            )
        )

    return chart
