"""Rows that go into a file each for every value of their first column, one row at a time."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pyspark.sql import Row


def file_name(value: str, suffix: str) -> str:
    """A name of a file that holds the value, whatever stands in it.

    >>> file_name("S/1", ".csv")
    'S%2F1.csv'
    """
    return quote(value, safe=" ").replace(".", "%2E") + suffix


def split(rows: Iterable[Row], write: Callable[[str, Iterable[Row]], None]) -> int:
    """Hand the rows of each value of the first column over; they come in its order. Gives how many files."""
    files = 0
    for value, those in groupby(rows, key=itemgetter(0)):
        write(str(value), those)
        files += 1
    return files


def write_packed(lines: Iterable[dict[str, Any]], path: Path) -> None:
    """JSON Lines, gzipped; the same lines give the same bytes."""
    with path.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
        for line in lines:
            packed.write(
                json.dumps(line, ensure_ascii=False, separators=(",", ":"), default=str).encode() + b"\n"
            )
