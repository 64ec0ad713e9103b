"""A page of figures: a headline, tiles, and sections with a chart, a table and the query behind it.

In the style of the report: one file that opens offline and prints. A cell that is not known says so; there
is no NaN on a page.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from markupsafe import Markup

from pipelines.publish.cube import DAY, Cube
from pipelines.publish.cube import UNKNOWN as UNKNOWN
from pipelines.publish.report import environment, vega
from pipelines.publish.report_charts import still
from pipelines.publish.report_style import PAGE, PAPER, Palette, Spec, finished, picture

_TABLE = re.compile(r"\b(?:bronze|silver|gold|audit)\.[a-z_0-9]+")


@dataclass(frozen=True)
class Section:
    """One table of the page, and the chart over it.

    Args:
        name: Of the chart, and of the CSV.
        title: Its heading.
        lead: What it compares, and what it does not prove.
        head: The columns' names.
        rows: As they are shown; empty: `nothing` is said instead.
        chart: Draws it in the colours of a palette; null: none.
        said: Sentences under the table.
        query: One SELECT, without quotation marks, that gives its rows again; null: no table holds them.
        command: What shows them where no table does; null: `query` does.
        nothing: Why there are no rows.
        prose: Of `head`, the columns that hold words and not figures, besides the first.
        cube: The sums behind the rows, taken anew for what the page's filters pick; null: the filters leave it alone.
    """

    name: str
    title: str
    lead: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    chart: Any = None
    said: tuple[str, ...] = ()
    query: str | None = None
    command: str | None = None
    nothing: str = "There is nothing to show."
    prose: tuple[str, ...] = ()
    cube: Cube | None = None


def of_cube(
    cube: Cube,
    currency: str,
    head: str,
    chart: Any,
    **words: Any,
) -> Section:
    """The section of a cube; `head` stands over its groups, `words` are the other arguments of `Section`."""
    titles = (head, *(each.title for each in cube.shown))
    return Section(head=titles, rows=cube.table(currency), chart=chart, cube=cube, **words)


@dataclass(frozen=True)
class About:
    """What a page is of.

    Args:
        as_of: The business date.
        currency: Of its amounts.
        release_id: Of the release it belongs to.
        versions: Of every table of the release.
        runs: By table, the run that wrote that version, as `audit.runs` names it.
    """

    as_of: date
    currency: str
    release_id: str
    versions: Mapping[str, int]
    runs: Mapping[str, str] = field(default_factory=dict)

    def command(self, section: Section) -> str | None:
        """What to paste for the rows of a section, at the versions of this release; null: it has none."""
        query = section.query
        return f'tillpost sql --release {self.release_id} "{query}"' if query else section.command

    def sources(self, section: Section) -> Iterator[str]:
        """Each table that the query of a section reads, with its version and the run that wrote it."""
        for table in dict.fromkeys(_TABLE.findall(section.query or "")):
            if table in self.versions:
                yield self.source(table)

    def source(self, table: str) -> str:
        """A table with its version and the run that wrote it."""
        run = self.runs.get(table)
        return f"{table} version {self.versions[table]}" + (f", run {run}" if run else "")


@dataclass(frozen=True)
class Page:
    """A whole page; see `Section`. `tiles` are label, figure and remark.

    `filters` are dimensions of its sections' cubes, each with what it is called; days can always be picked.
    """

    title: str
    headline: str
    about: About
    sections: tuple[Section, ...]
    tiles: tuple[tuple[str, str, str], ...] = ()
    notes: tuple[str, ...] = field(default=())
    filters: tuple[tuple[str, str], ...] = ()


def render_page(page: Page) -> str:
    """The page as HTML. The same figures give the same page."""
    charts = _charts(page, PAGE)
    cubes = {section.name: section.cube for section in page.sections if section.cube and section.rows}
    return (
        environment(page.about.currency)
        .get_template("page.html.j2")
        .render(
            page=page,
            charts=charts,
            cubes={name: cube.script(page.about.currency) for name, cube in cubes.items()},
            days=sorted({day for cube in cubes.values() for day in cube.words(DAY)}),
            filters=[
                (
                    name,
                    label,
                    list(dict.fromkeys(word for cube in cubes.values() for word in cube.words(name))),
                )
                for name, label in page.filters
                if cubes
            ],
            stills={name: Markup(still(spec)) for name, spec in charts.items()},
            vega=vega() if charts else "",
        )
    )


def write_page(page: Page, folder: Path, name: str) -> None:
    """`<name>.html`, and beside it a folder with each table as CSV and each chart as PNG."""
    (folder / f"{name}.html").write_text(render_page(page), encoding="utf-8")
    beside = folder / name
    beside.mkdir()
    for section in page.sections:
        with (beside / f"{section.name}.csv").open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows([section.head, *section.rows])
    for chart, spec in _charts(page, PAPER).items():
        (beside / f"{chart}.png").write_bytes(picture(spec))


def _charts(page: Page, palette: Palette) -> dict[str, Spec]:
    return {
        section.name: finished(section.chart(palette), palette)
        for section in page.sections
        if section.chart is not None and section.rows
    }


def count(value: float | Decimal | None) -> str:
    """A whole number, or one decimal below 100."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    number = float(value)
    return f"{number:,.0f}" if number.is_integer() or abs(number) >= 100 else f"{number:,.1f}"


def percent(share: float | None, digits: int = 1) -> str:
    """A share in percent."""
    return (
        UNKNOWN
        if share is None or not math.isfinite(share)
        else f"{share:.{digits}%}".replace("%", "\u00a0%")
    )


def ratio(part: float | Decimal | None, whole: float | Decimal | None, digits: int = 1) -> str:
    """A part of a whole in percent; unknown of nothing."""
    return UNKNOWN if not whole or part is None else percent(float(part) / float(whole), digits)


def between(low: float | None, high: float | None, shown: Any = count) -> str:
    """An interval; an end that is not known is open."""
    if _unknown(low) and _unknown(high):
        return UNKNOWN
    ends = ("any amount" if _unknown(end) else shown(end) for end in (low, high))
    return " to ".join(ends)


def _unknown(value: float | Decimal | None) -> bool:
    return value is None or not math.isfinite(value)
