"""Canonical landing files out of records: JSON Lines, gzip, in parts of bounded size, each dropped whole.

The same records give the same files, byte for byte, so a rerun changes nothing and a killed run is finished.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pipelines.landing.contract import UNREAD
from pipelines.landing.files import drop
from pipelines.landing.formats.private import guarded
from pipelines.landing.formats.reading import Fields, Unread
from pipelines.landing.sources import SOURCES

PART_RECORDS = 100_000
PART_BYTES = 64 << 20

_CONTACTS = {source.name: frozenset(source.contacts) for source in SOURCES}
_COMPACT, _ASCII = (json.JSONEncoder(separators=(",", ":"), ensure_ascii=ascii_) for ascii_ in (False, True))


@dataclass
class Writer:
    """The landing files of one vendor file, or of one set of them.

    Args:
        root: The landing root.
        arrived_at: When the vendor's file arrived.
        name: What the landing files are called, before the number of the part.
    """

    root: str
    arrived_at: datetime
    name: str
    _parts: dict[str, _Part] = field(default_factory=dict)

    def write(self, source: str, record: Mapping[str, object]) -> None:
        """Add a canonical record; contacts outside their fields are moved apart."""
        self._add(source, guarded(record, _CONTACTS[source]))

    def refuse(self, source: str, record: Unread) -> None:
        """Add what could not be read, in a field of its own, so that silver refuses it."""
        self._add(source, {UNREAD: record.raw})

    def close(self) -> None:
        """Drop what is left."""
        for source, part in self._parts.items():
            self._drop(source, part)

    def _add(self, source: str, record: Fields) -> None:
        part = self._parts.get(source) or _Part(1)
        self._parts[source] = part
        part.add(encoded(record))
        if part.records >= PART_RECORDS or part.size >= PART_BYTES:
            self._drop(source, part)
            self._parts[source] = _Part(part.number + 1)

    def _drop(self, source: str, part: _Part) -> None:
        if part.records:
            name = f"{self.name}-{part.number:05d}.jsonl.gz"
            drop(self.root, source, self.arrived_at, name, part.finished())


class _Part:
    """One landing file at work, packed as it grows."""

    def __init__(self, number: int) -> None:
        self.number, self.records, self.size = number, 0, 0
        self._bytes = io.BytesIO()
        self._packed = gzip.GzipFile("", "wb", compresslevel=3, fileobj=self._bytes, mtime=0)

    def add(self, line: bytes) -> None:
        self._packed.write(line)
        self.records += 1
        self.size += len(line)

    def finished(self) -> bytes:
        self._packed.close()
        return self._bytes.getvalue()


def encoded(record: Fields) -> bytes:
    """One line of JSON; escaped where a lone surrogate forbids UTF-8."""
    try:
        return _COMPACT.encode(record).encode() + b"\n"
    except UnicodeEncodeError:
        return _ASCII.encode(record).encode() + b"\n"
