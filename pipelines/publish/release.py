"""How a day's exports become a release: in an order in which a kill anywhere leaves the old release whole.

| step | what a kill right after it leaves | the next run |
|---|---|---|
| 1. validate the frames | nothing | begins again |
| 2. stage files in `<exports>/_staged/<id>/` | a folder that nobody reads | begins again |
| 3. rename to `<exports>/as_of=<date>/release=<id>/` | a folder without a row: no release | begins again |
| 4. append the row to `audit.releases` | the release; the pointer is behind | repairs the pointer |
| 5. replace `<exports>/LATEST.json` | the release | does nothing |

The release id follows from the date and the table versions, so the same inputs give the same release, once.
Only one run publishes at a time: the caller holds the lease.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pipelines.lakehouse import storage
from pipelines.publish.releases import ExportedFile, Release, release_id

POINTER = "LATEST.json"
STAGED = "_staged"


@dataclass(frozen=True)
class Published:
    """What `publish` came to.

    Args:
        release_id: The release of these inputs.
        folder: Where its files lie; below the exports root.
        files: Its files; null when they had been published before.
    """

    release_id: str
    folder: str
    files: tuple[ExportedFile, ...] | None


def publish(
    *,
    as_of: date,
    versions: Mapping[str, int],
    find: Callable[[str], bool],
    validate: Callable[[], None],
    stage: Callable[[Path], None],
    commit: Callable[[Release], None],
    exports_root: str,
) -> Published:
    """Publish one date's exports once, whatever was killed before.

    A release whose folder somebody removed is exported anew; its row stands.

    Args:
        as_of: The business date of the exports.
        versions: The committed version of every table, by name, that the exports are made from.
        find: Whether `audit.releases` holds a row of this id.
        validate: Raises when something about to be exported breaks its contract; then nothing is published.
        stage: Writes every file of the release into an empty local folder.
        commit: Appends the row to `audit.releases`.
        exports_root: A local path or a URI.

    Raises:
        DataError: from `validate`.
        SystemFault: the exports root cannot be written.
    """
    release = release_id(as_of, versions)
    root = exports_root.rstrip("/")
    folder = f"as_of={as_of}/release={release}"
    recorded = find(release)
    if recorded and storage.exists(f"{root}/{folder}"):
        point(root, as_of, release, folder)
        return Published(release, folder, None)
    validate()
    storage.delete_dir(f"{root}/{STAGED}")
    files = _export(stage, root, staged=f"{STAGED}/{release}", folder=folder)
    if not recorded:
        commit(Release(release, as_of, dict(versions), folder, files))
    point(root, as_of, release, folder)
    return Published(release, folder, files)


def _export(
    stage: Callable[[Path], None], root: str, *, staged: str, folder: str
) -> tuple[ExportedFile, ...]:
    """Every file, written aside and then moved to its place as one folder."""
    if storage.is_local(root):
        place = Path(root.removeprefix("file://").removeprefix("file:"), staged)
        place.mkdir(parents=True)
        stage(place)
        files = _sealed(place)
    else:
        with tempfile.TemporaryDirectory(prefix="tillpost-release-") as scratch:
            stage(Path(scratch))
            files = _sealed(Path(scratch))
            for file in files:
                storage.write_atomically(
                    f"{root}/{staged}/{file.name}", Path(scratch, file.name).read_bytes()
                )
    storage.delete_dir(f"{root}/{folder}")
    storage.move(f"{root}/{staged}", f"{root}/{folder}")
    return files


def _sealed(folder: Path) -> tuple[ExportedFile, ...]:
    """The files of the folder by name, each flushed to the disk and hashed."""
    return tuple(_seal(folder, path) for path in sorted(folder.rglob("*")) if path.is_file())


def _seal(folder: Path, path: Path) -> ExportedFile:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        os.fsync(stream.fileno())
        return ExportedFile(path.relative_to(folder).as_posix(), stream.tell(), digest)


def point(root: str, as_of: date, release: str, folder: str, *, back: bool = False) -> None:
    """Make the pointer name this release, unless it does already or, but for `back`, names one of a later date."""
    pointer = f"{root}/{POINTER}"
    here = {"schema": "latest/1", "as_of": as_of.isoformat(), "release_id": release, "folder": folder}
    standing = _read(pointer)
    if standing != here and (back or str(standing.get("as_of", "")) <= here["as_of"]):
        storage.write_atomically(pointer, json.dumps(here, indent=1).encode() + b"\n")


def _read(pointer: str) -> dict[str, Any]:
    """What the pointer says; nothing when it is missing or torn."""
    if not storage.exists(pointer):
        return {}
    try:
        said = json.loads(storage.read_bytes(pointer))
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
