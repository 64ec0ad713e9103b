"""Where landing files lie and when they arrived: `<root>/<source>/arrived=<YYYYMMDDTHHMMSSZ>/<file>`.

The arrival instant is part of the path, put there by whoever dropped the file; this machine's clock and the
file's own times are never asked, so that a rebuild years later sees the same arrivals. A file lands whole or
not at all: it is written under a hidden name beside its place and then renamed. A landed file never changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from pipelines.errors import DataError
from pipelines.lakehouse import storage
from pipelines.landing.contract import Source

SIMULATED = "simulated"
"""Stands in the name of a file whose records were made up beside real ones."""

_ARRIVED = re.compile(r"arrived=(\d{8}T\d{6}Z)")
_INSTANT = "%Y%m%dT%H%M%SZ"
PACKED = (".gz", ".zst", ".parquet")
SWELLING = 8
"""JSON Lines of receipts or events take so many times the bytes of the same packed, about."""
MANIFEST = "_manifest.json"  # what `landing.manifest` reads


@dataclass(frozen=True)
class Landed:
    """One landed file.

    Args:
        source: The folder it was dropped into.
        path: Relative to the landing root.
        size: Bytes.
        arrived_at: The instant in its path, in UTC.
    """

    source: str
    path: str
    size: int
    arrived_at: datetime

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells it from every other: a file sent again with another size is another file."""
        return self.source, self.path, self.size

    @property
    def weight(self) -> int:
        """Bytes of its records, about: a packed file holds so many times its size."""
        return self.size * (SWELLING if self.path.endswith(PACKED) else 1)

    @property
    def drop(self) -> str:
        """The folder that it was dropped in, relative to the landing root."""
        return self.path.rpartition("/")[0]


def landed(
    root: str, sources: Iterable[Source], before: datetime
) -> tuple[list[Landed], list[tuple[str, str]]]:
    """The files that had arrived before an instant, by (arrived_at, source, path); and those out of place.

    Names (of files or of folders above them) that begin with `.` or `_`, and files ending in `.tmp`, are
    being written or are notes: nobody's fault, and not read. A manifest without a file beside it is out of place.

    Returns:
        The files to read; and, as (path, why in a sentence), the files whose path breaks the layout.

    Raises:
        SystemFault: the landing root cannot be listed. A missing root holds no files.
    """
    known = {source.name for source in sources}
    good: list[Landed] = []
    bad: list[tuple[str, str]] = []
    promised: set[str] = set()
    for info in storage.list_files(root):
        parts = info.path.split("/")
        if parts[-1] == MANIFEST and isinstance(lone := _placed(info, parts, known), Landed):
            promised |= {lone.drop} if lone.arrived_at < before else set()
        elif info.path.endswith(".tmp") or any(part.startswith((".", "_")) for part in parts):
            continue
        elif isinstance(placed := _placed(info, parts, known), str):
            bad.append((info.path, placed))
        elif placed.arrived_at < before:
            good.append(placed)
    lonely = promised - {file.drop for file in good}
    bad += (
        (f"{drop}/{MANIFEST}", "No file of its drop is there: the drop waits for them.") for drop in lonely
    )
    good.sort(key=lambda file: (file.arrived_at, file.source, file.path))
    return good, sorted(bad)


def drop(root: str, source: str, arrived_at: datetime, name: str, payload: bytes) -> str:
    """Land one file, whole or not at all, and return its path relative to the root.

    Dropping the same bytes again does nothing, so a rerun equals a run.

    Raises:
        DataError: a file of that name and instant is there with other bytes; it may have been read already.
        SystemFault: the landing root cannot be written.
        ValueError: `arrived_at` names no time zone or has a part of a second.
    """
    if arrived_at.tzinfo is None or arrived_at.microsecond:
        raise ValueError(f"An arrival is a whole second in a time zone, not {arrived_at!r}")
    path = f"{source}/arrived={arrived_at.astimezone(UTC).strftime(_INSTANT)}/{name}"
    target = f"{root.rstrip('/')}/{path}"
    if not storage.exists(target):
        storage.write_atomically(target, payload)
    elif storage.read_bytes(target) != payload:
        raise DataError(
            f"The landing file {target} is there already with other contents",
            remedy="A landed file never changes: drop the new one under another name or arrival.",
        )
    return path


def _placed(info: storage.FileInfo, parts: list[str], known: set[str]) -> Landed | str:
    """The file as landed, or why its path breaks the layout."""
    layout = "<source>/arrived=<YYYYMMDDTHHMMSSZ>/<file>"
    if parts[0] not in known:
        return f"{parts[0]!r} is none of the sources {', '.join(sorted(known))}."
    if len(parts) != 3:
        return f"It does not lie at {layout}."
    arrived_at = _instant(parts[1])
    if arrived_at is None:
        return f"{parts[1]!r} does not say when it arrived; files lie at {layout}."
    return Landed(parts[0], info.path, info.size, arrived_at)


def _instant(folder: str) -> datetime | None:
    match = _ARRIVED.fullmatch(folder)
    try:
        return datetime.strptime(match[1], _INSTANT).replace(tzinfo=UTC) if match else None
    except ValueError:
        return None
