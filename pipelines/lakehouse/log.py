"""A Delta table's log, read without Spark: its version, its commits, and the watermark they carry.

Only commit files are read, newest first, and only as many as it takes. They are the protocol's public face
(`_delta_log/<version>.json`), so this holds for a table that any engine wrote.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from pipelines.lakehouse import deltars as _deltars  # noqa: F401  it is to be the first to use delta-rs
from pipelines.lakehouse import storage
from pipelines.lakehouse.mark import Mark

LOG = "_delta_log"
_COMMIT = re.compile(r"(\d{20})\.json$")
_MAINTENANCE = ("OPTIMIZE", "REORG", "VACUUM START", "VACUUM END")
_DEFINITION = ("CREATE TABLE", "SET TBLPROPERTIES", "UPGRADE PROTOCOL", "ADD CONSTRAINT", "CHANGE COLUMN")
_HARMLESS = {*_MAINTENANCE, *_DEFINITION}  # what leaves every row as it was


@dataclass(frozen=True)
class Commit:
    """One commit.

    `mark` is null where somebody else made it; `rows` is null where Delta did not count them.
    """

    version: int
    timestamp_ms: int
    operation: str
    restored: int | None
    rows: int | None
    mark: Mark | None


@dataclass(frozen=True)
class Head:
    """A table's newest version, and the mark that describes its rows; null where nothing trustworthy does."""

    version: int
    mark: Mark | None


def commits(path: str, *, since: int = -1) -> Iterator[Commit]:
    """The commits after version `since`, newest first; none when there is no table."""
    for version, file in _files(path):
        if version <= since:
            return
        yield _read(version, file)


def head(path: str, until: date | None = None) -> Head | None:
    """The newest version with the mark that holds for it; null when there is no table.

    Args:
        path: Where the table lies.
        until: The newest version before the first that was made for a later business date; null: the newest.

    A RESTORE brings back the rows, and so the mark, of the version it names. A change of data by anybody else
    leaves no mark: whoever builds on the table then rebuilds, and never guesses.
    """
    newest: int | None = None
    wanted: int | None = None
    for commit in commits(path):
        if until is not None and commit.mark is not None and commit.mark.as_of > until:
            newest = wanted = None
            continue
        newest = commit.version if newest is None else newest
        if wanted is not None and commit.version > wanted:
            continue
        if commit.mark is not None:
            return Head(newest, commit.mark)
        if commit.restored is not None:
            wanted = commit.restored
        elif commit.operation not in _HARMLESS:
            return Head(newest, None)
    return None if newest is None else Head(newest, None)


def standing(path: str, *, since: int = -1) -> Iterator[Commit]:
    """The commits after version `since` whose rows stand, newest first: what a RESTORE undid is left out."""
    wanted: int | None = None
    for commit in commits(path, since=since):
        if wanted is None or commit.version <= wanted:
            wanted = commit.restored if commit.restored is not None else wanted
            if commit.restored is None:
                yield commit


def source_of(path: str, version: int) -> int:
    """The version that first held the rows of this one: before a RESTORE to it, and before what leaves rows alone."""
    for commit in commits(path):
        if commit.version <= version and commit.operation not in _HARMLESS:
            if commit.restored is None:
                return commit.version
            version = commit.restored
    return version


def same_rows(path: str, one: int, other: int) -> bool:
    """Whether two versions are known to hold the same rows: nothing lies between them but upkeep, or a RESTORE."""
    return one == other or (min(one, other) >= 0 and source_of(path, one) == source_of(path, other))


def only_grew(path: str, since: int, until: int) -> bool:
    """Whether every change after version `since`, up to `until`, is known, is one of ours and added rows.

    A RESTORE, an erasure (`rebuilt`) or what somebody else did may have taken rows away; and so may what the log no
    longer holds.
    """
    between = [commit for commit in commits(path, since=since) if commit.version <= until]
    grew = [
        commit
        for commit in between
        if commit.operation in _HARMLESS or (commit.mark is not None and not commit.mark.rebuilt)
    ]
    return len(grew) == until - since


def table_id(path: str) -> str:
    """The table's own id, which one that was dropped and made anew does not share.

    Empty where its first commits are gone.
    """
    for _, file in reversed(_files(path)):
        for line in storage.read_bytes(file).splitlines():
            if line.startswith(b'{"metaData"'):
                return str(json.loads(line)["metaData"]["id"])
    return ""


def _files(path: str) -> list[tuple[int, str]]:
    found = []
    for info in storage.list_files(f"{path}/{LOG}"):
        if match := _COMMIT.fullmatch(info.path):
            found.append((int(match.group(1)), f"{path}/{LOG}/{info.path}"))
    return sorted(found, reverse=True)


def _read(version: int, file: str) -> Commit:
    info: dict[str, Any] = {}
    for line in storage.read_bytes(file).splitlines():
        if line.startswith(b'{"commitInfo"'):
            info = json.loads(line)["commitInfo"]
            break
    operation = str(info.get("operation", ""))
    restored = info.get("operationParameters", {}).get("version") if operation == "RESTORE" else None
    metrics = info.get("operationMetrics", {})
    rows = metrics.get("numOutputRows", metrics.get("num_added_rows"))  # as Spark and as delta-rs name it
    return Commit(
        version=version,
        timestamp_ms=int(info.get("timestamp", 0)),
        operation=operation,
        restored=None if restored is None else int(restored),
        rows=None if rows is None else int(rows),
        mark=Mark.parse(info.get("userMetadata")),
    )
