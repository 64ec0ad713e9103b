"""The measured points that a plan stands on: `measured.json`, written by `python -m benchmarks --only plan`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("measured.json")


@dataclass(frozen=True)
class Point:
    """One stage of one run, as a command of its own on one machine, with Sail.

    Args:
        stage: `ingest`, `refine`, `build`, `train`, `score` or `publish`.
        lines: Receipt lines that arrived.
        events: Web events that arrived.
        people: Who may have bought.
        standing_lines: Lines that the lake held before; 0: it was made from nothing.
        standing_events: Events that the lake held before.
        seconds: By the wall clock, the start of the session within.
        cpu_seconds: Of all its processes.
        peak_bytes: The most that they held in memory at once.
        bytes_stored: What the lake's files grew by, with every version kept.
    """

    stage: str
    lines: int
    events: int
    people: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    bytes_stored: int
    standing_lines: int = 0
    standing_events: int = 0

    @property
    def rows(self) -> int:
        """What arrived and what stood."""
        return self.lines + self.events + self.standing_lines + self.standing_events


@dataclass(frozen=True)
class OnSpark:
    """The same world on Spark and on Sail, from nothing through the stages that an engine does.

    Args:
        rows: Lines and events.
        cpu_seconds: On Spark.
        sail_cpu_seconds: On Sail.
        shuffle_bytes: Written by Spark's tasks for others to read.
        jobs: Of Spark.
    """

    rows: int
    cpu_seconds: float
    sail_cpu_seconds: float
    shuffle_bytes: int
    jobs: int


@dataclass(frozen=True)
class Measured:
    """All that was measured.

    Args:
        machine: Date, processor, memory, versions and commit.
        cores: Of that machine.
        points: In the order in which they were measured.
        spark: What Spark costs beside Sail; null: not measured, and taken to be the same.
        skew: By trap, its seconds as a multiple of those of as many even rows.
    """

    machine: Mapping[str, str]
    cores: int
    points: tuple[Point, ...]
    spark: OnSpark | None
    skew: Mapping[str, float]

    @property
    def stages(self) -> tuple[str, ...]:
        """In their order."""
        return tuple(dict.fromkeys(point.stage for point in self.points))

    @property
    def factor(self) -> float:
        """Processor seconds of Spark for one of Sail."""
        return self.spark.cpu_seconds / self.spark.sail_cpu_seconds if self.spark else 1.0

    @property
    def shuffled(self) -> float:
        """Bytes that Spark shuffles for a row."""
        return self.spark.shuffle_bytes / self.spark.rows if self.spark else 0.0

    @property
    def most(self) -> int:
        """Rows of the largest run."""
        return max(point.rows for point in self.points)

    @property
    def efficiency(self) -> float:
        """The share of the cores' time that the run of the most rows had work for; at most 1.

        >>> def point(rows, cpu): return Point("build", rows, 0, 1, 10, cpu, peak_bytes=0, bytes_stored=0)
        >>> Measured({}, 2, (point(10, 12), point(1000, 18)), None, {}).efficiency
        0.9
        """
        largest = [point for point in self.points if point.rows == self.most]
        used = sum(p.cpu_seconds for p in largest) / (sum(p.seconds for p in largest) * self.cores)
        return min(used, 1.0)

    @property
    def skewed(self) -> float:
        """How many times longer the worst trap took than even rows; at least 1."""
        return max(1.0, *self.skew.values()) if self.skew else 1.0


@cache
def measured(file: Path = FILE) -> Measured:
    """What stands in the file."""
    found = json.loads(file.read_text(encoding="utf-8"))
    points = tuple(Point(**point) for point in found["points"])
    spark = OnSpark(**found["spark"]) if found["spark"] else None
    return Measured(found["machine"], found["cores"], points, spark, found["skew"])
