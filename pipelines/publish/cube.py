"""Sums that a page takes anew for what its reader picks: whole numbers by a few dimensions, and what is shown of them.

A cube is small by its dimensions (days, shops, channels), never by people. Amounts are in hundredths, so that sums are
exact here and in the page's own script (`templates/filters.js`), which shows them as these functions do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from pipelines.calc.money import sign
from pipelines.publish.report_style import midnight

ALL, DAY = "All", "day"
"""The line that sums over the others, and the dimension whose words are dates."""
FIGURES = "figures"
"""The name of a chart's rows, under which the page's script changes them."""
UNKNOWN = "–"

Sums = Sequence[int]


@dataclass(frozen=True)
class Measure:
    """A figure, and how it is shown.

    Args:
        title: Over it.
        of: The sum that it is.
        per: The sum that it is divided by; null: by none.
        form: A number, an amount of the currency (of hundredths), or a share.
        remark: What it counts, where its title does not say.
    """

    title: str
    of: str
    per: str | None = None
    form: Literal["count", "amount", "percent"] = "count"
    remark: str = ""


@dataclass(frozen=True)
class Cube:
    """Sums by dimensions.

    Args:
        dimensions: Names of the dimensions, such as `day`, `shop`; a filter of that name picks among their words.
        sums: Names of the sums.
        rows: The words of a row, then its sums; in the order in which the table shows its groups.
        by: The dimension of which the table has a line each, and one for all.
        shown: The table's columns.
        drawn_by: The dimension that the chart is of.
        tiles: Figures over the table, of all rows picked.
    """

    dimensions: tuple[str, ...]
    sums: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    by: str
    shown: tuple[Measure, ...]
    drawn_by: str
    tiles: tuple[Measure, ...] = ()

    @classmethod
    def of(
        cls, found: Iterable[Any], dimensions: tuple[str, ...], sums: tuple[str, ...], **more: Any
    ) -> Cube:
        """Of rows as the engine gives them."""
        names = (*dimensions, *sums)
        return cls(
            dimensions, sums, tuple(tuple(getattr(row, name) for name in names) for row in found), **more
        )

    def picked(self, kept: Mapping[str, Callable[[str], bool]]) -> Iterable[tuple[Any, ...]]:
        """The rows whose word in every dimension named is kept."""
        at = [(self.dimensions.index(name), keeps) for name, keeps in kept.items() if name in self.dimensions]
        return (row for row in self.rows if all(keeps(row[place]) for place, keeps in at))

    def grouped(self, by: str | None, rows: Iterable[tuple[Any, ...]]) -> dict[str, list[int]]:
        """The sums of rows by the words of a dimension, or of all."""
        width, found = len(self.dimensions), dict[str, list[int]]()
        for row in rows:
            word = ALL if by is None else row[self.dimensions.index(by)]
            sums = found.setdefault(word, [0] * len(self.sums))
            for place, value in enumerate(row[width:]):
                sums[place] += value
        return found

    def table(
        self, currency: str, rows: Iterable[tuple[Any, ...]] | None = None
    ) -> tuple[tuple[str, ...], ...]:
        """The table's lines as they are shown, of all rows or of these."""
        given = list(self.rows if rows is None else rows)
        lines = self.grouped(self.by, given) | (self.grouped(None, given) if given else {})
        return tuple(
            (word, *(self.figure(each, of, currency) for each in self.shown)) for word, of in lines.items()
        )

    def told(self, currency: str) -> tuple[tuple[str, str, str], ...]:
        """Title, figure and remark of each tile."""
        of = self.grouped(None, self.rows).get(ALL, [0] * len(self.sums))
        return tuple((each.title, self.figure(each, of, currency), each.remark) for each in self.tiles)

    def drawn(self) -> list[dict[str, Any]]:
        """The chart's rows: the word and the sums of each group, amounts in whole units of the currency."""
        amounts = self.amounts
        return [
            {self.drawn_by: midnight(date.fromisoformat(word)) if self.drawn_by == DAY else word}
            | {
                name: value / 100 if name in amounts else value
                for name, value in zip(self.sums, of, strict=True)
            }
            for word, of in self.grouped(self.drawn_by, self.rows).items()
        ]

    def figure(self, measure: Measure, sums: Sums, currency: str) -> str:
        """A measure of some sums as it is shown; unknown where there is nothing to divide by.

        >>> cube = Cube(("shop",), ("sales", "revenue"), (), "shop", (), "shop")
        >>> [cube.figure(Measure("Each", "revenue", "sales", "amount"), of, "EUR") for of in ([4, -123450], [0, 0])]
        ['−€308.62', '–']
        """
        value: float = sums[self.sums.index(measure.of)]
        if measure.per is not None:
            if not (per := sums[self.sums.index(measure.per)]):
                return UNKNOWN
            value /= per
        if measure.form == "count":
            return f"{value:,.0f}"
        if measure.form == "percent":
            return f"{value * 100:,.1f}\u00a0%"
        return f"{'−' if value < 0 else ''}{sign(currency)}{abs(value) / 100:,.2f}"

    @property
    def amounts(self) -> set[str]:
        """The sums that are amounts."""
        return {each.of for each in (*self.shown, *self.tiles) if each.form == "amount"}

    def words(self, dimension: str) -> list[str]:
        """The words of a dimension, in the order of the rows; days in their own."""
        if dimension not in self.dimensions:
            return []
        found = list(dict.fromkeys(row[self.dimensions.index(dimension)] for row in self.rows))
        return sorted(found) if dimension == DAY else found

    def script(self, currency: str) -> dict[str, Any]:
        """What the page's script needs of it; words stand once, and rows name them by their place."""
        words = [self.words(name) for name in self.dimensions]
        places = [{word: place for place, word in enumerate(each)} for each in words]
        width = len(words)
        return {
            "dimensions": self.dimensions,
            "words": words,
            "sums": self.sums,
            "rows": [
                [*(place[word] for place, word in zip(places, row, strict=False)), *row[width:]]
                for row in self.rows
            ],
            "by": self.by,
            "drawn_by": self.drawn_by,
            "amounts": sorted(self.amounts),
            "shown": [vars(each) for each in self.shown],
            "tiles": [vars(each) for each in self.tiles],
            "sign": sign(currency),
        }
