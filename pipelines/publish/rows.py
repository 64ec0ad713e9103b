"""Rows of a frame as lines of an export: UTF-8, a newline behind every line, texts that no spreadsheet runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pyspark.sql import DataFrame, Row

from pipelines.lakehouse.store import store_of

_FORMULA = re.compile(r" ?[=+\-@＝＋－＠]")


def harmless(text: str) -> str:
    """The text as no spreadsheet takes it for a formula.

    >>> harmless("=1+1")
    "'=1+1"
    """
    flat = re.sub(r"\s+", " ", text)
    return f"'{flat}" if _FORMULA.match(flat) else flat


def as_csv(item: Sequence[object]) -> str:
    """The row's values, texts quoted as in RFC 4180."""
    return ",".join(map(_field, item))


def _field(value: object) -> str:
    """The value as CSV; a null, which the contract forbids, as nothing."""
    if not isinstance(value, str):
        return "" if value is None else str(value)
    return '"' + harmless(value).replace('"', '""') + '"'


def rows_of(frame: DataFrame) -> Iterator[Row]:
    """The rows, one partition at a time."""
    return store_of(frame.sparkSession).streamed(frame)


def write(lines: Iterable[str], path: Path, *, header: str | None = None) -> None:
    """Write the lines, behind a header if there is one."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        if header is not None:
            file.write(header + "\n")
        file.writelines(f"{line}\n" for line in lines)
