"""`tillpost attribute FILE`: a CSV of paths becomes credits by channel and model, without Spark."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines import console
from pipelines.calc.attribution import attribute
from pipelines.calc.money import CENT, rounded
from pipelines.errors import DataError, UsageError

AMOUNTS = ("conversions", "value", "removal_effect")
NUMBERS = ("conversions", "value", "nulls")
_EXAMPLE = "The first line names the columns; then, for example: email > direct,3,120.50,17"


def show(
    file: Path, models: Sequence[str], order: int, transforms: Sequence[str], direct: str, out: Path | None
) -> pd.DataFrame:
    """Print the credits, and write them to `out` if one is named; values are to the cent.

    Raises:
        UsageError: the file is not there, an option is unknown, or `out` cannot be written.
        DataError: the file cannot be read as paths.
    """
    found = in_cents(attribute(read(file), models or None, order, transforms=transforms, direct=direct))
    rows: list[list[Any]] = found[["model", "channel", *AMOUNTS]].to_numpy().tolist()
    console.grid(
        "",
        ["model", "channel", *(name.replace("_", " ") for name in AMOUNTS)],
        [
            [model, channel, f"{count:,.4f}", f"{value:,}", "" if pd.isna(effect) else f"{effect:.2%}"]
            for model, channel, count, value, effect in rows
        ],
        right=("conversions", "value", "removal effect"),
    )
    if out is not None:
        try:
            found.to_csv(out, index=False)
        except OSError as error:
            raise UsageError(
                f"{out} cannot be written: {error.strerror or error}", remedy="Name a file elsewhere."
            ) from error
        console.OUT.print(f"{len(found):,} rows are in {out}.")
    return found


def in_cents(credits: pd.DataFrame) -> pd.DataFrame:
    """The same credits, each model's values rounded so that they sum to the same to the cent."""
    values: list[Decimal] = []
    for _, parts in groupby(zip(credits["model"], credits["value"], strict=True), key=lambda pair: pair[0]):
        exact = [value for _, value in parts]
        values += rounded(exact, sum(exact, Decimal(0)).quantize(CENT))
    return credits.assign(value=pd.Series(values, index=credits.index, dtype=object))


def read(file: Path) -> pd.DataFrame:
    """Paths as `attribute` takes them; a column but `path` and `conversions` may be missing, a number empty.

    Raises:
        UsageError: there is no such file.
        DataError: no CSV with these columns, one of them twice, no row, or a number that is none; the message names
            the line.
    """
    if not file.is_file():
        raise UsageError(f"There is no file {file}", remedy="Name a CSV of paths.")
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            lines = csv.reader(text)
            header = [name.strip().lower() for name in next(lines, [])]
            rows = [(lines.line_num, line) for line in lines if any(cell.strip() for cell in line)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{file} is not a CSV in UTF-8: {error}", remedy=_EXAMPLE) from error
    if not {"path", "conversions"} <= set(header):
        raise DataError(f"{file} has no columns path and conversions, but {header}", remedy=_EXAMPLE)
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice or not rows:
        said = f"has two columns {' and two '.join(twice)}" if twice else "has no path below its first line"
        raise DataError(f"{file} {said}", remedy=_EXAMPLE)
    return pd.DataFrame([_row(file, number, header, line) for number, line in rows], columns=_columns(header))


def _columns(header: Sequence[str]) -> list[str]:
    return [name for name in ("path", *NUMBERS) if name in header]


def _row(file: Path, number: int, header: Sequence[str], line: Sequence[str]) -> list[object]:
    if len(line) > len(header):
        raise DataError(f"{file}, line {number}: more cells than columns", remedy=_EXAMPLE)
    cells = dict(zip(header, line, strict=False))
    touches = cells.get("path", "").split(">")
    path = touches if cells.get("path", "").strip() else []
    return [
        path if name == "path" else _number(file, number, name, cells.get(name, ""))
        for name in _columns(header)
    ]


def _number(file: Path, number: int, name: str, text: str) -> Decimal:
    try:
        found = Decimal(text.strip() or 0)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise DataError(f"{file}, line {number}: {name} is {text!r}, no number", remedy=_EXAMPLE)
    return found
