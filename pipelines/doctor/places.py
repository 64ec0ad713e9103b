"""The places that a run writes to or reads from: lake, landing files, exports, the vault's key, the MLflow store."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import tempfile
import urllib.request
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from pipelines.doctor.finding import Finding
from pipelines.lakehouse import storage
from pipelines.lakehouse.vault_key import VARIABLE

MIN_FREE = 5 << 30  # bytes: the demo's lake, its landing files and an engine's shuffles, with room to spare
_GIB = 1 << 30


def disk(root: str) -> Finding:
    """The free space where the lake lies."""
    if not storage.is_local(root):
        return Finding("disk", True, f"{root} is a store: its space is not looked at")
    place = _nearest(root)
    free = shutil.disk_usage(place).free
    detail = f"{free / _GIB:.1f} GiB free at {place}"
    remedy = (
        f"Free {MIN_FREE / _GIB:.0f} GiB, or put the lake on a larger disk: --set lake.root=/path/to/lake"
    )
    return Finding("disk", True, detail) if free >= MIN_FREE else Finding("disk", False, detail, remedy)


def writable(check: str, root: str, *, key: str) -> Finding:
    """Whether a folder can be written, or made; `key` is the setting that names it."""
    if not storage.is_local(root):
        return Finding(check, True, f"{root} is a store: a run writes there with the machine's credentials")
    place = _nearest(root)
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        detail = f"{place} cannot be written: {error.strerror}"
        return Finding(check, False, detail, f"Mend its permissions or mount, or set {key} to another place.")
    there = place == Path(_local(root)).absolute()
    return Finding(check, True, root if there else f"{root}, to be made by the first run")


def vault_key(file: str, *, may_be_made: bool) -> Finding:
    """The vault's key: only its owner may read it; where it is missing, it must be allowed to be made."""
    path = Path(file)
    if VARIABLE in os.environ:
        return Finding("vault key", True, f"in the variable {VARIABLE}")
    if not path.exists():
        if may_be_made:
            return Finding("vault key", True, f"{file}, to be made by the first run")
        remedy = f"Put the key there with mode 600, or its text into the variable {VARIABLE}."
        return Finding("vault key", False, f"{file} is missing, and may not be generated here", remedy)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return Finding(
            "vault key", False, f"{file} has mode {mode:o}: others can read it", f"chmod 600 {file}"
        )
    return Finding("vault key", True, f"{file}, mode {mode:o}")


def tracking(uri: str) -> Finding:
    """The MLflow store: a database that opens, a folder that can be written, or a server that answers."""
    parts = urlsplit(uri)
    try:
        if parts.scheme in ("http", "https"):
            with urllib.request.urlopen(f"{uri.rstrip('/')}/health", timeout=5):
                return Finding("mlflow", True, f"{uri} answers")
        if parts.scheme == "sqlite":
            return _sqlite(Path(uri.removeprefix("sqlite:///")))
    except (OSError, ValueError, sqlite3.Error) as error:
        return Finding("mlflow", False, f"{uri}: {error}", "Start the store, or mend tracking.uri.")
    if parts.scheme in ("", "file"):
        return writable("mlflow", uri, key="tracking.uri")
    return Finding("mlflow", True, f"{parts.scheme} store, not looked at")


def _sqlite(file: Path) -> Finding:
    if not file.exists():
        return writable("mlflow", str(file.parent), key="tracking.uri")
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=5)) as store:
        store.execute("SELECT name FROM sqlite_master").fetchall()
    return Finding("mlflow", True, str(file))


def _local(root: str) -> str:
    return urlsplit(root).path if root.startswith("file:") else root


def _nearest(root: str) -> Path:
    """The folder itself, or the nearest one above it that exists."""
    path = Path(_local(root)).absolute()
    return next(place for place in (path, *path.parents) if place.is_dir())
