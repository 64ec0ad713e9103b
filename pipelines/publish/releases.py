"""One row per release: a business date's exports, and the version of every table that they were made from.

The row is the release. It is appended after the exports stand at their final place, so a folder without its
row is no release, and a reader who pins `versions` reads one consistent lake. Which of them `latest` names stands in
the mark of the newest commit: the one published last, unless a rollback or a past date says otherwise.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pyspark.sql.types import ArrayType, LongType, MapType, StringType, StructField, StructType

from pipelines.lakehouse import log
from pipelines.lakehouse.table import AS_OF, Append, Col, Table
from pipelines.lakehouse.types import STRING

FILE = StructType(
    [
        StructField("name", StringType()),
        StructField("bytes", LongType()),
        StructField("sha256", StringType()),
    ]
)

TABLE = Table(
    name="audit.releases",
    doc=__doc__,
    key=("release_id",),
    columns=(
        Col("release_id", STRING, "12 hex digits of the SHA-256 of `as_of` and `versions`", nullable=False),
        AS_OF,
        Col(
            "versions",
            MapType(StringType(), LongType()),
            "Delta version of every table, by name, that the release was made from",
            nullable=False,
        ),
        Col("folder", STRING, "Where the files lie, relative to the exports root", nullable=False),
        Col("files", ArrayType(FILE), "Name, size and SHA-256 of each file, by name", nullable=False),
    ),
    write=Append(),
)


@dataclass(frozen=True)
class ExportedFile:
    """One file of a release: its name in the folder, its size in bytes and the hex SHA-256 of its content."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Release:
    """One row of `audit.releases`; the fields are its columns."""

    release_id: str
    as_of: date
    versions: Mapping[str, int]
    folder: str
    files: tuple[ExportedFile, ...]

    def row(self) -> dict[str, Any]:
        """As Spark takes it, with `TABLE.schema`."""
        return {
            "release_id": self.release_id,
            "as_of": self.as_of,
            "versions": dict(self.versions),
            "folder": self.folder,
            "files": [vars(file) for file in self.files],
        }


def latest(path: str) -> str:
    """The id of the release that `latest` names, as the newest commit of the table at `path` says; empty: none."""
    head = log.head(path)
    return head.mark.release if head and head.mark else ""


def release_id(as_of: date, versions: Mapping[str, int]) -> str:
    """The same for the same date and table versions, whoever asks and whenever.

    >>> release_id(date(2017, 12, 31), {"gold.send_list": 3})
    '455a07ca3eef'
    """
    facts = {"as_of": as_of.isoformat(), "versions": dict(versions)}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]
