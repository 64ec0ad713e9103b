"""One writer at a time: a run holds a lease on its stage, and fails fast where another has it.

On a local lake the lease is an advisory lock of the operating system, so a killed run frees it at once. On an
object store it is a small file with an expiry. Either way it is a courtesy: what keeps tables right is that
each commit names the version it was built on.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.errors import LeaseHeld, SystemFault
from pipelines.lakehouse import storage

EXPIRES_AFTER_SECONDS = 6 * 3600


@contextmanager
def lease(root: str, name: str, run: str) -> Iterator[None]:
    """Hold the lease `name` of the lake at `root` for the time of the block.

    Raises:
        LeaseHeld: another run has it.
        SystemFault: the lake cannot be written.
    """
    holder = {
        "run": run,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "since": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    manage = _local if storage.is_local(root) else _remote
    with manage(f"{root}/_leases/{name}.json", name, holder):
        yield


@contextmanager
def _local(path: str, name: str, holder: dict[str, object]) -> Iterator[None]:
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        handle = open(path, "a+", encoding="utf-8")  # noqa: SIM115 - closed below, after the lock
    except OSError as error:
        raise SystemFault(
            f"The lake cannot be written: {path}: {error.strerror}",
            remedy="Make the folder writable, or name another with --set lake.root=...",
        ) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _held(name, Path(path).read_text(encoding="utf-8")) from error
        handle.truncate(0)
        handle.write(json.dumps(holder))
        handle.flush()
        yield
        handle.truncate(0)


@contextmanager
def _remote(path: str, name: str, holder: dict[str, object]) -> Iterator[None]:
    if storage.exists(path):
        standing = json.loads(storage.read_bytes(path) or b"{}")
        if float(standing.get("expires", 0)) > time.time():
            raise _held(name, json.dumps(standing))
    storage.write_atomically(
        path, json.dumps({**holder, "expires": time.time() + EXPIRES_AFTER_SECONDS}).encode()
    )
    try:
        yield
    finally:
        storage.delete_file(path)


def _held(name: str, text: str) -> LeaseHeld:
    try:
        standing = json.loads(text or "{}")
    except ValueError:
        standing = {}
    who = "run {run} (process {pid} on {host}, since {since})".format_map(
        {"run": "?", "pid": "?", "host": "?", "since": "?", **standing}
    )
    return LeaseHeld(
        f"The stage {name!r} is being written by {who}",
        remedy="Wait until that run has ended, then run again; nothing was changed.",
    )
