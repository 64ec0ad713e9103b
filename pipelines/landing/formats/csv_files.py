"""CSV as vendors send it: a header, then one record a row; the separator is the header's own.

A row that is not as wide as the header, or quotes wrongly, is `Unread`, and reading goes on with the line
after it: a stray quotation mark costs its own line, not the rest of the file.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Collection, Iterator
from pathlib import Path

from pipelines.errors import DataError
from pipelines.landing.formats.reading import Unread, lines, opened, unread

_SEPARATORS = ",;\t|"


def check_header(path: Path, *, needs: Collection[str]) -> None:
    """See that a file is what it is taken for, before anything of it or of its set lands.

    Raises:
        DataError: the header lacks a column of `needs`.
    """
    with opened(path) as stream:
        _header(path, next(_Lines(lines(stream)), ""), needs)


def csv_records(path: Path, *, needs: Collection[str]) -> Iterator[dict[str, str] | Unread]:
    """The rows of a file by the header's names; blank lines are none.

    Raises:
        DataError: the header lacks a column of `needs`.
    """
    with opened(path) as stream:
        source = _Lines(lines(stream))
        header, separator = _header(path, next(source, ""), needs)
        source.taken.clear()
        rows = csv.reader(source, delimiter=separator, strict=True)
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error:
                row = None
            if row is None or len(row) != len(header) or source.has_bad_bytes():
                if row != [] or source.has_bad_bytes():
                    yield unread(source.give_back_all_but_one())
            else:
                yield dict(zip(header, row, strict=True))
            source.taken.clear()


def _header(path: Path, first: str, needs: Collection[str]) -> tuple[list[str], str]:
    """The names of the columns, and what separates them."""
    separator = max(_SEPARATORS, key=first.count)
    header = [name.strip() for name in next(csv.reader([first], delimiter=separator), [])]
    if missing := sorted(set(needs) - set(header)):
        shown = ", ".join(header)[:200].encode(errors="replace").decode() or "empty"
        raise DataError(
            f"{path} has no column {', '.join(missing)}; its header is {shown}",
            remedy="Check the format's name and its columns in docs/formats.md; nothing of it was landed.",
        )
    return header, separator


class _Lines(Iterator[str]):
    """Lines as text, which remembers those taken for the row at hand, and can take them back."""

    def __init__(self, stored: Iterator[bytes]) -> None:
        self._stored = stored
        self._again: deque[bytes] = deque()
        self.taken: list[bytes] = []

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._stored)
        self.taken.append(line)
        return line.decode("utf-8", "surrogateescape")

    def has_bad_bytes(self) -> bool:
        """Whether the row at hand is not UTF-8."""
        row = b"".join(self.taken)
        try:
            return not row.isascii() and not row.decode("utf-8")
        except UnicodeDecodeError:
            return True

    def give_back_all_but_one(self) -> bytes:
        """The first line of the row at hand; the others will be read again, as rows of their own."""
        first, *rest = self.taken
        self._again.extendleft(reversed(rest))
        return first
