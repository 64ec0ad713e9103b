"""What a process and its descendants weigh, and where they are ended."""

from __future__ import annotations

import math
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

import psutil

EVERY_SECONDS = 0.25


@dataclass(frozen=True)
class Limits:
    """What a command may take before it is ended, as a machine of that size would end it. Null: as much as there is.

    Args:
        most_bytes: Of resident sets, as `Measured.peak_bytes` counts them.
        most_seconds: By the wall clock.
    """

    most_bytes: float | None = None
    most_seconds: float | None = None


class Scale(threading.Thread):
    """Weighs a process and its descendants four times a second, and keeps the heaviest moment.

    It ends them when they come to a limit; `ended` then says to which.
    """

    def __init__(self, pid: int, limits: Limits | None = None) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self.jvm = 0
        self.ended = ""
        self._written: dict[int, int] = {}
        self._root = psutil.Process(pid)
        self._limits = limits or Limits()
        self._over = threading.Event()

    def run(self) -> None:
        most_bytes, started = self._limits.most_bytes or math.inf, time.monotonic()
        most_seconds = self._limits.most_seconds or math.inf
        while not self._over.wait(EVERY_SECONDS):
            weighed = self._weigh()
            total = sum(weighed.values())
            if total > self.peak:
                self.peak, self.jvm = total, weighed.get("java", 0)
            if total > most_bytes or time.monotonic() - started > most_seconds:
                self.ended = self.ended or ("memory" if total > most_bytes else "time")
                self._end()

    @property
    def written(self) -> int:
        """Bytes that they wrote to disk, up to the last time that each was weighed."""
        return sum(self._written.values())

    def _end(self) -> None:
        for process in self._tree():
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def _tree(self) -> list[psutil.Process]:
        try:
            return [self._root, *self._root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _weigh(self) -> dict[str, int]:
        """Bytes by the program's name; what has just ended weighs nothing."""
        weighed: dict[str, int] = {}
        for process in self._tree():
            try:
                name = process.name()
                weighed[name] = weighed.get(name, 0) + process.memory_info().rss
                self._written[process.pid] = process.io_counters().write_bytes
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return weighed

    def stop(self) -> None:
        """Stop weighing."""
        self._over.set()
        self.join()
