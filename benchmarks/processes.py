"""Running `tillpost` as a person would, with a clock and a scale beside it."""

from __future__ import annotations

import json
import math
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.scale import Limits, Scale

_MADE = re.compile(r"\s*([a-z]+\.\w+)\s+v\d+\s+([\d.]+) s\s")
_TOOK = re.compile(r"\s*(\w+) took ([\d.]+) s\s*$")


@dataclass(frozen=True)
class Measured:
    """One command's cost.

    Args:
        seconds: From its start to its end, by the wall clock.
        peak_bytes: The largest sum of the resident sets of its processes: Python, its workers and the JVM.
            Pages that they share count more than once, so this is never too little.
        jvm_bytes: The JVM's part at that moment.
        stages: Seconds of each stage, as the command says.
        lines: All that it said.
        cpu_seconds: Of all its processes, in and for them: what the work costs, however busy the machine is.
        written_bytes: What they wrote to disk, scratch included.
        ended: Why it did not come to its end: `memory` or `time`, by its limits, or its exit code; empty: it did.
    """

    seconds: float
    peak_bytes: int
    jvm_bytes: int
    stages: dict[str, float] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    cpu_seconds: float = 0.0
    ended: str = ""
    written_bytes: int = 0

    @property
    def cost(self) -> dict[str, Any]:
        """What the page shows of a run."""
        return {name: value for name, value in asdict(self).items() if name != "lines"}


def tillpost(arguments: Sequence[str]) -> list[str]:
    """The command line of `tillpost` in this environment."""
    installed = Path(sys.executable).with_name("tillpost")
    start = [str(installed)] if installed.exists() else [sys.executable, "-c", _MAIN]
    return [*start, *arguments]


_MAIN = "from pipelines.cli import main; main()"


def measure(arguments: Sequence[str]) -> Measured:
    """Run `tillpost` to its end, showing what it says.

    Raises:
        SystemExit: it failed; what it said has been shown.
    """
    return measured(tillpost(arguments))


def measured(command: Sequence[str], limits: Limits | None = None) -> Measured:
    """Run any command to its end, showing what it says; with limits at the longest until it comes to one.

    Raises:
        SystemExit: it failed; what it said has been shown. With limits, the cost says that it did.
    """
    lines: list[str] = []
    started, spent = time.monotonic(), _children_seconds()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=own_environment(os.environ)
    ) as process:
        scale = Scale(process.pid, limits)
        scale.start()
        for line in process.stdout or ():
            lines.append(line.rstrip("\n"))
            sys.stdout.write(line)
        code = process.wait()
        seconds = time.monotonic() - started
        scale.stop()
    if code and limits is None:
        raise SystemExit(f"bench: `{' '.join(command)}` ended with exit code {code}")
    ended = scale.ended or (f"exit code {code}" if code else "")
    cpu = round(_children_seconds() - spent, 1)
    return Measured(
        round(seconds, 1),
        scale.peak,
        scale.jvm,
        stage_seconds(lines),
        tuple(lines),
        cpu,
        ended,
        scale.written,
    )


@dataclass
class Following:
    """What a living `tillpost ingest --continuous` cost; known once it has ended.

    Args:
        peak_bytes: As in `Measured`.
        jvm_bytes: As in `Measured`.
        cycles: Rounds in which it found something.
    """

    peak_bytes: int = 0
    jvm_bytes: int = 0
    cycles: int = 0


@contextmanager
def following(sets: Sequence[str]) -> Iterator[Following]:
    """`tillpost ingest --continuous`, alive while the block lasts; then it is asked to end.

    Raises:
        SystemExit: it did not start, or ended in an error.
    """
    words = ["ingest", "--continuous", "--every", "1", *(word for pair in sets for word in ("--set", pair))]
    cost = Following()
    with subprocess.Popen(
        tillpost(words), stdout=subprocess.PIPE, text=True, env=own_environment(os.environ)
    ) as process:
        scale = Scale(process.pid)
        scale.start()
        said = process.stdout or ()
        try:
            if not any("following " in line for line in said):
                raise SystemExit("bench: continuous ingest did not start")
            yield cost
        finally:
            process.send_signal(signal.SIGTERM)
            cost.cycles = sum(" UTC, " in line for line in said)
            code = process.wait()
            scale.stop()
    if code:
        raise SystemExit(f"bench: continuous ingest ended with exit code {code}")
    cost.peak_bytes, cost.jvm_bytes = scale.peak, scale.jvm


def _children_seconds() -> float:
    """CPU seconds of the processes that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def own_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without the user's own settings, which name the user's own lake, and without their key.

    >>> own_environment({"TILLPOST__LAKE__ROOT": "mine", "TILLPOST_CONF": "mine", "HOME": "home"})
    {'HOME': 'home'}
    """
    return {name: value for name, value in environment.items() if not name.startswith("TILLPOST_")}


def exponent(growth: Sequence[tuple[int, float]]) -> float:
    """By which power of their number the seconds grow, from the first size to the last: 1 is straight.

    >>> exponent([(10, 2.0), (100, 25.0), (1000, 200.0)])
    1.0
    """
    (few, short), (many, long) = growth[0], growth[-1]
    return round(math.log(long / short) / math.log(many / few), 3)


def stage_seconds(lines: Iterable[str]) -> dict[str, float]:
    """The seconds of each stage, from the lines in which the command tells them, to a person or as JSON.

    >>> stage_seconds(["demo", "  build took 31.4 s", '{"event": "stage_ended", "stage": "score", "seconds": 2.5}'])
    {'build': 31.4, 'score': 2.5}
    """
    return _seconds(lines, _TOOK, "stage_ended", "stage")


def table_seconds(lines: Iterable[str]) -> dict[str, float]:
    """The seconds of each table that a command made or looked at, from the lines in which it tells them.

    >>> table_seconds(["  gold.kpi_daily  v3   1.2 s  7 days", "  silver.offers  -  0.0 s  nothing arrived"])
    {'gold.kpi_daily': 1.2}
    >>> table_seconds(['{"event": "table", "table": "gold.kpi_daily", "version": 3, "seconds": 1.2}'])
    {'gold.kpi_daily': 1.2}
    """
    return _seconds(lines, _MADE, "table", "table")


def _seconds(lines: Iterable[str], told: re.Pattern[str], event: str, of: str) -> dict[str, float]:
    """By name, from the lines to a person that match, or the lines of JSON (`pipelines/cli/log.py`) of an event."""
    seconds = {}
    for line in lines:
        if match := told.match(line):
            seconds[match[1]] = float(match[2])
        elif line.startswith("{") and (said := json.loads(line)).get("event") == event:
            seconds[said[of]] = said["seconds"]
    return seconds
