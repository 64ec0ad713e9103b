"""What a vendor's format is: a name, what it maps to, and how its files become canonical records.

A format gives one `Record` for each canonical record, `Unread` for what it could not read, and `Aside` for
what by design becomes no record of its own. It reads through `Reading.each`, which counts. The law, checked
for every file by whoever runs it: records read = records written + records set aside, reason by reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from pipelines.landing.formats.reading import Fields, Unread

T = TypeVar("T")

JOINED = "joined with others of the same receipt, good or event into one record"


@dataclass(frozen=True)
class Record:
    """One canonical record.

    Args:
        source: Where it lands.
        fields: What lands; a null is left out.
        read: How many of the vendor's records it was made of.
    """

    source: str
    fields: Fields
    read: int = 1


@dataclass(frozen=True)
class Refused:
    """A vendor's record that could not be read; it lands as received, for silver to refuse it."""

    source: str
    record: Unread


@dataclass(frozen=True)
class Aside:
    """So many of a vendor's records that by design become no record of their own, and why."""

    reason: str
    read: int


Item: TypeAlias = Record | Refused | Aside


@dataclass
class Reading:
    """One conversion at work.

    Args:
        done: Called once for each file read to its end.
        count: The vendor's records read so far. files: The files read to their end so far.
    """

    done: Callable[[], None] = lambda: None
    count: int = 0
    files: int = 0

    def each(self, records: Iterable[T]) -> Iterator[T]:
        """The records of one file, counted."""
        for record in records:
            self.count += 1
            yield record
        self.files += 1
        self.done()


@dataclass(frozen=True)
class Format:
    """A vendor's format.

    Args:
        name: As `--format` takes it.
        says: What its files are, in a phrase.
        maps: What of them becomes what, for people.
        sources: What it lands.
        suffixes: The endings its files may have, without `.gz` or `.zst`.
        convert: Gives the records of files.
        together: Its files are one set and say something only together; else each stands for itself.
    """

    name: str
    says: str
    maps: str
    sources: tuple[str, ...]
    suffixes: tuple[str, ...]
    convert: Callable[[Sequence[Path], Reading], Iterator[Item]]
    together: bool = False


def instant(value: Any, per_second: int) -> Any:
    """A count since 1970 as ISO 8601 in UTC; what is no such count is given back, for silver to refuse it.

    >>> instant("1709287200000000", 1_000_000), instant(1709287200, 1), instant("soon", 1)
    ('2024-03-01T10:00:00Z', '2024-03-01T10:00:00Z', 'soon')
    """
    try:
        microseconds = int(value) * (1_000_000 // per_second)
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    except (TypeError, ValueError, OverflowError):
        return value
    return moment.replace(tzinfo=None).isoformat() + "Z"


def made_id(*parts: Any) -> str:
    """An id for what its vendor gave none: the same facts give the same id, wherever they are read.

    >>> made_id("a", None) == made_id("a", None) != made_id("a", "None")
    True
    """
    joined = "\x1f".join("\x00" if part is None else str(part) for part in parts)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def text(value: Any) -> str | None:
    """A scalar as text; null for null and blank."""
    return str(value).strip() or None if isinstance(value, str | int) else None


def known(**fields: Any) -> Fields:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}
