"""A small world with many faults, made once in a session; and its landing files, read without Spark."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipelines.simulate.truth_tables import TABLES
from pipelines.simulate.world import World

WORLD = World.checked(
    seed=11,
    households=70,
    start=date(2024, 3, 4),
    days=16,
    stores=3,
    products=400,
    faults=0.06,
    time_zone="America/New_York",
)


@dataclass(frozen=True)
class Made:
    """A world's folder."""

    place: Path

    def truth(self, table: str) -> list[dict[str, Any]]:
        """A table of the truth; instants are in UTC."""
        rows: list[dict[str, Any]] = pq.read_table(self.place / "truth" / table).to_pylist()
        return [{name: _in_utc(value) for name, value in row.items()} for row in rows]

    def files(self, source: str) -> Iterator[tuple[str, bytes]]:
        """The source's landing files: path relative to the landing root, and bytes as they lie there."""
        root = self.place / "landing"
        for path in sorted((root / source).rglob("*.gz")):
            yield str(path.relative_to(root)), path.read_bytes()

    def lines(self, source: str) -> Iterator[tuple[str, int, bytes]]:
        """Each line of files that are whole: path, position from 1, bytes."""
        for path, packed in self.files(source):
            if "-torn" not in path:
                for position, line in enumerate(gzip.decompress(packed).splitlines(), start=1):
                    yield path, position, line

    def records(self, source: str) -> Iterator[dict[str, Any]]:
        """Each line that is JSON."""
        for _, _, line in self.lines(source):
            try:
                yield json.loads(line)
            except ValueError:
                continue

    def digest(self) -> dict[str, str]:
        """A hash of every landing file."""
        root = self.place / "landing"
        found = sorted(path for path in root.rglob("*") if path.is_file())
        return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}

    def fingerprint(self) -> str:
        """One hash of every landing file and every row of the truth; Parquet's own bytes are an engine's affair."""
        rows = {
            table.short: sorted(
                json.dumps(row, default=str, sort_keys=True) for row in self.truth(table.short)
            )
            for table in TABLES
        }
        return fingerprint([self.digest(), rows])


def fingerprint(told: Any) -> str:
    """A hash of what JSON can tell."""
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _in_utc(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
