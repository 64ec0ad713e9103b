"""delta-rs with threads to spare, so that a run cannot stop for good.

The rows that delta-rs writes come from Python, so its thread that asks for them waits for the interpreter. Some of its
calls, such as `load_cdf`, hold the interpreter while they wait for a thread. It makes one thread a core: with as many
tables being written, everybody waits for everybody. The threads are made at its first use, which is here; Sail, which
counts its own by the same variable, keeps one a core.
"""

from __future__ import annotations

import os
from contextlib import suppress

from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

THREADS = 32
"""More than streams of rows are read at once: a table that is written has two at most."""
_NAME = "TOKIO_WORKER_THREADS"


def _start() -> None:
    said = os.environ.get(_NAME)
    os.environ[_NAME] = said or str(max(THREADS, os.cpu_count() or 1))
    try:
        with suppress(TableNotFoundError):
            DeltaTable(os.path.dirname(__file__))  # a folder without a log
    finally:
        if said is None:
            del os.environ[_NAME]


_start()
