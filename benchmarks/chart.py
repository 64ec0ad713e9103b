"""The chart of `docs/benchmarks.md`: seconds over lines, both in powers of ten: growth that is straight has slope 1."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

CHART = Path("docs/benchmarks.svg")
COLOURS = {"tillpost, what both do": "#0b6e4f", "tillpost run --train": "#7fb069", "the script": "#b5651d"}


def points(rows: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is drawn of the main job: each side at each size; a run that was ended is a cross.

    >>> points({"10": {"like": {"seconds": 2.0, "ended": ""}, "peer": {"seconds": 1.0, "ended": "memory"}}})[1]
    {'lines': 10, 'who': 'the script', 'seconds': 1.0, 'came to its end': 'no'}
    """
    sides = {"like": "tillpost, what both do", "whole": "tillpost run --train", "peer": "the script"}
    return [
        {
            "lines": int(lines),
            "who": name,
            "seconds": row[side]["seconds"],
            "came to its end": "no" if row[side]["ended"] else "yes",
        }
        for lines, row in rows.items()
        for side, name in sides.items()
        if side in row
    ]


def draw(rows: Mapping[str, Any], file: Path = CHART) -> Path:
    """Write the chart; gives its file."""
    import altair as alt  # deferred: a second

    drawn = alt.Chart(alt.Data(values=points(rows)), width=560, height=320, title="The main job")
    shared = {
        "x": alt.X("lines:Q", scale=alt.Scale(type="log"), title="receipt lines"),
        "y": alt.Y("seconds:Q", scale=alt.Scale(type="log"), title="seconds"),
        "color": alt.Color(
            "who:N", title=None, scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values()))
        ),
    }
    shape = alt.Shape("came to its end:N", scale=alt.Scale(domain=["yes", "no"], range=["circle", "cross"]))
    (
        drawn.mark_line().encode(**shared)
        + drawn.mark_point(filled=True, size=70).encode(**shared, shape=shape)
    ).save(str(file))
    return file
