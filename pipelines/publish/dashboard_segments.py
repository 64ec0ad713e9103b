"""The dashboard's segments: how large the largest are, and how much of each is in another, too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import altair as alt

from pipelines.publish.page import About, Section, count, percent, ratio
from pipelines.publish.report_style import Drawn, Palette, percent_axis, sheet, tip

PAIRS = 15
"""So many pairs stand in the table, those that are most alike."""


def segments(rows: Sequence[Any], about: About) -> Iterator[Section]:
    """Both sections: sizes, and overlaps of each with each; of rows of `gold.segments`, the largest first."""
    sizes = [{"segment": row.segment, "members": row.members, "share": row.share} for row in rows]
    common = {row.segment: {other.segment: other.members for other in row.overlaps or ()} for row in rows}
    yield Section(
        "segments",
        "Segments",
        f"Persons at the close of {about.as_of}, in the largest segments of those that do not select everybody.",
        ("Segment", "Who that is", "Persons", "Of all"),
        tuple((row.segment, row.says, count(row.members), percent(row.share)) for row in rows),
        lambda palette: _sizes(sizes, palette),
        query="SELECT segment, says, members, share FROM gold.segments "
        f"WHERE as_of = DATE '{about.as_of}' ORDER BY members DESC, segment",
        nothing="No segment has anybody in it.",
        prose=("Who that is",),
    )
    pairs = [
        (one, other, both, both / union)
        for one, other in combinations(rows, 2)
        if (both := common[one.segment].get(other.segment, 0))
        and (union := one.members + other.members - both)
    ]
    cells = [
        {
            "segment": row.segment,
            "other": other.segment,
            "share": common[row.segment].get(other.segment, 0) / row.members,
        }
        for row in rows
        for other in rows
        if other is not row and row.members
    ]
    yield Section(
        "overlaps",
        "Overlaps of segments",
        "Read the picture across: how many of the segment at the left are in the one below, too. The table has those "
        "pairs that are most alike: persons in both, of those in either (Jaccard).",
        ("Segment", "And", "In both", "Of either", "Of the first", "Of the second"),
        tuple(
            (
                one.segment,
                other.segment,
                count(both),
                percent(alike),
                ratio(both, one.members),
                ratio(both, other.members),
            )
            for one, other, both, alike in sorted(pairs, key=lambda pair: -pair[-1])[:PAIRS]
        ),
        lambda palette: _overlaps(cells, palette),
        query="SELECT s.segment, s.members, unnest(s.overlaps) AS overlap FROM gold.segments s "
        f"WHERE s.as_of = DATE '{about.as_of}' ORDER BY s.members DESC, s.segment",
        nothing="No two segments have anybody in common.",
        prose=("And",),
    )


def _sizes(sizes: list[dict[str, Any]], palette: Palette) -> Drawn:
    return (
        sheet(sizes, alt.Step(22))
        .mark_bar(color=palette.first)
        .encode(
            x=alt.X("share:Q", title="Of all persons", axis=percent_axis()),
            y=alt.Y("segment:N", title=None, sort=None, axis=alt.Axis(labelLimit=190)),
            tooltip=[
                tip("segment:N", "Segment"),
                tip("members:Q", "Persons", ","),
                tip("share:Q", "Of all", ".1%"),
            ],
        )
    )


def _overlaps(cells: list[dict[str, Any]], palette: Palette) -> Drawn:
    names = list(dict.fromkeys(cell["segment"] for cell in cells))
    return (
        sheet(cells, alt.Step(22))
        .mark_rect(color=palette.first, stroke=palette.rule)
        .encode(
            x=alt.X("other:N", title=None, sort=names, axis=alt.Axis(labelLimit=150, labelAngle=-60)),
            y=alt.Y("segment:N", title=None, sort=names, axis=alt.Axis(labelLimit=150)),
            opacity=alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0, 1]), legend=None),
            tooltip=[
                tip("segment:N", "Segment"),
                tip("other:N", "And"),
                tip("share:Q", "Of the first", ".1%"),
            ],
        )
    )
