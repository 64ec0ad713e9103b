"""A Delta table as if it had never held what its newest version does not: no older file, and no word of it in the log.

Time travel to before ends with it. The log's commits stay, each with its watermark; what a line of theirs noted of the
values of a file, or of a predicate, goes where it tells of what is to be forgotten. Works on files alone, so it is the
same for a table that Spark made and one that delta-rs made. The caller holds the lease of whoever writes the table.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable

from pipelines.lakehouse import storage
from pipelines.lakehouse.log import LOG

Tells = Callable[[bytes], bool]
"""Whether bytes of the log tell of what is to be forgotten."""


def purge(path: str, tells: Tells, dirty: frozenset[str]) -> int:
    """Delete what only older versions of a table have, and what its log tells.

    Args:
        path: Where the table lies.
        tells: Of a line of the log.
        dirty: The files below `path` that a scan has found to tell.

    Returns:
        How many files were deleted.
    """
    live = _live(path)
    stale = [
        file.path for file in storage.list_files(path) if not _in_log(file.path) and file.path not in live
    ]
    for file in stale:
        storage.delete_file(f"{path}/{file}")
    log = sorted(file for file in dirty if _in_log(file))
    commits = [file for file in log if _is_commit(file)]
    for file in commits:
        _rewrite(f"{path}/{file}", tells)
    others = [file for file in log if file not in commits]
    if any(".checkpoint" in file or "_last_checkpoint" in file or "_sidecars/" in file for file in others):
        _checkpoint_anew(path)
    for file in others:
        storage.delete_file(f"{path}/{file}")
    return len(stale) + len(others)


def _live(path: str) -> set[str]:
    """The data files of the newest version, as they are named and as the log writes their names."""
    named = pa.table(DeltaTable(path).get_add_actions(flatten=True))["path"].to_pylist()
    return {*named, *map(unquote, named)}


def _checkpoint_anew(path: str) -> None:
    """Let the log stand without the checkpoints that tell: whole from its first commit, or from a new one."""
    first = min(file.path for file in storage.list_files(f"{path}/{LOG}") if _is_commit(f"{LOG}/{file.path}"))
    if int(first.removesuffix(".json")) > 0:
        DeltaTable(path).create_checkpoint()
    else:
        storage.delete_file(f"{path}/{LOG}/_last_checkpoint")


def _rewrite(file: str, tells: Tells) -> None:
    """A commit without what tells: in the same place, the same actions, the same version."""
    lines = storage.read_bytes(file).splitlines()
    kept = [_silent(line) if tells(line) else line for line in lines]
    folder, _, name = file.rpartition("/")
    storage.delete_file(f"{folder}/.{name}.crc")  # Hadoop's checksum, on a disk
    storage.write_atomically(file, b"\n".join(kept) + b"\n")


def _silent(line: bytes) -> bytes:
    action: dict[str, dict[str, Any]] = json.loads(line)
    for kind, said in action.items():
        if kind in ("add", "remove"):
            said.pop("stats", None)
        if kind == "commitInfo":
            said.get("operationParameters", {}).pop("predicate", None)
    return json.dumps(action, separators=(",", ":"), ensure_ascii=False).encode()


def _in_log(file: str) -> bool:
    return file.startswith(f"{LOG}/")


def _is_commit(file: str) -> bool:
    name = file.removeprefix(f"{LOG}/")
    return name.endswith(".json") and name.removesuffix(".json").isdigit()
