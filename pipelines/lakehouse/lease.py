"""One writer at a time: a run holds a lease on its stage, and fails fast where another has it.

On a local lake the lease is an advisory lock of the operating system, so a killed run frees it at once. On an
object store it is a small file with an expiry, written anew long before that while its holder lives. Either way
it is a courtesy: what keeps tables right is that each commit names the version it was built on.

A lease held for long, by `tillpost ingest --continuous`, says how far its holder has come.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from pipelines.errors import LeaseHeld, SystemFault
from pipelines.lakehouse import storage

EXPIRES_AFTER_SECONDS = 6 * 3600
_BYTES = 512  # a local lease is always as long, so that one write replaces it whole
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

Holder = dict[str, Any]


@contextmanager
def lease(
    root: str, name: str, run: str, *, continuous: bool = False
) -> Iterator[Callable[[datetime], None]]:
    """Hold the lease `name` of the lake at `root` for the time of the block.

    Args:
        root: The lake.
        name: What is leased: a stage.
        run: Who holds it.
        continuous: Whether the holder lives on from run to run.

    Yields:
        For a continuous holder, to be called again and again: renews the lease and says that what had arrived
        before an instant is done.

    Raises:
        LeaseHeld: another run has it.
        SystemFault: the lake cannot be written.
    """
    holder: Holder = {
        "run": run,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "since": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    if continuous:
        holder["through"] = _LONG_AGO.isoformat()
    manage = _local if storage.is_local(root) else _remote
    with manage(f"{root}/_leases/{name}.json", name, holder) as write:
        yield lambda through: write({**holder, "through": through.isoformat()})


@contextmanager
def _local(path: str, name: str, holder: Holder) -> Iterator[Callable[[Holder], None]]:
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise SystemFault(
            f"The lake cannot be written: {path}: {error.strerror}",
            remedy="Make the folder writable, or name another with --set lake.root=...",
        ) from error

    def write(said: Holder) -> None:
        os.pwrite(handle, json.dumps(said).encode().ljust(_BYTES), 0)

    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _held(name, Path(path).read_text(encoding="utf-8")) from error
        os.truncate(handle, 0)
        write(holder)
        yield write
        os.truncate(handle, 0)
    finally:
        os.close(handle)


@contextmanager
def _remote(path: str, name: str, holder: Holder) -> Iterator[Callable[[Holder], None]]:
    if storage.exists(path):
        standing = json.loads(storage.read_bytes(path) or b"{}")
        if float(standing.get("expires", 0)) > time.time():
            raise _held(name, json.dumps(standing))

    said, ended, writing = dict(holder), Event(), Lock()

    def write(now: Holder) -> None:
        with writing:
            said.update(now)
            expires = time.time() + EXPIRES_AFTER_SECONDS
            storage.write_atomically(path, json.dumps({**said, "expires": expires}).encode())

    def renew() -> None:
        while not ended.wait(EXPIRES_AFTER_SECONDS / 6):
            with suppress(SystemFault):  # the store is away for a while: the next time is early enough
                write({})

    write(holder)
    renewing = Thread(target=renew, daemon=True)
    renewing.start()
    try:
        yield write
    finally:
        ended.set()
        renewing.join()
        storage.delete_file(path)


def _held(name: str, text: str) -> LeaseHeld:
    try:
        standing = json.loads(text or "{}")
    except ValueError:
        standing = {}
    who = "run {run} (process {pid} on {host}, since {since})".format_map(
        {"run": "?", "pid": "?", "host": "?", "since": "?", **standing}
    )
    through = standing.get("through")
    return LeaseHeld(
        f"The stage {name!r} is being written by {who}",
        remedy="Wait until that run has ended, then run again; nothing was changed.",
        through=None if through is None else datetime.fromisoformat(through),
    )
