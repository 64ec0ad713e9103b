"""The cores, memory, storage and money that a retailer's day asks for, from the model of its stages.

A stage's time by the wall clock, with `c` cores:

    fixed + (cost - fixed) x skew / (min(c, most) x efficiency)

`fixed` is what any run costs (planning, commits), by one core; `most` is `DRIVER_CORES` for what the driver does by
itself, and all of them for the rest. On a cluster every cost is Spark's, Sail's times the measured factor.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.plan.measured import Measured, Point
from pipelines.plan.model import Fitted, fitted

GB = 2**30
LINES_A_RECEIPT = 9.4  # these four: docs/volumes.md
KNOWN, RECEIPTS_A_BUYER, DAYS_A_PERSON = 0.6, 1.22, 6
ONE_MACHINE = (2, 4, 8, 16, 32, 64)
ONE_MACHINE_GB = 512
CLUSTER = tuple(64 * 2**step for step in range(6))
CORE_GB = 4  # of an executor; Spark spills what it groups beyond it
DRIVER_CORES = {
    "train": 8,
    "publish": 1,
}  # files go out row by row; models are fitted by a machine's libraries
DRIVER_GB = 64
DRIVER_ROWS = (
    20_000_000  # models/related, models/first_visit: the driver counts so many lines, or a sample of them
)


@dataclass(frozen=True)
class Load:
    """A retailer.

    Args:
        receipts: A day.
        events: Web events a day.
        days: Of history that the lake holds.
        people: Known ones; `people_of` where nobody says.
    """

    receipts: int
    events: int
    days: int
    people: int

    @property
    def buyers(self) -> float:
        """Known people with a receipt, a day."""
        return self.receipts * KNOWN / RECEIPTS_A_BUYER

    def run(self, stage: str, *, anew: bool = False) -> Point:
        """A day on top of the history, or all of it from nothing, as a point that nobody measured."""
        lines, events = round(self.receipts * LINES_A_RECEIPT), self.events
        if anew:
            return Point(stage, lines * self.days, events * self.days, self.people, 0, 0, 0, 0)
        return Point(stage, lines, events, self.people, 0, 0, 0, 0, lines * self.days, events * self.days)


def people_of(receipts: int) -> int:
    """How many people a retailer knows, who buy on six days a year each.

    >>> people_of(50_000)
    1495902
    """
    return round(receipts * KNOWN / RECEIPTS_A_BUYER * 365 / DAYS_A_PERSON)


@dataclass(frozen=True)
class Stage:
    """One stage of a day: its processor seconds by what they are for, those of the driver alone, and its memory."""

    name: str
    parts: dict[str, float]
    driver: float
    peak_bytes: float

    @property
    def cpu(self) -> float:
        """Processor seconds."""
        return sum(self.parts.values())

    def seconds(self, cores: int, of: Measured) -> float:
        """By the wall clock."""
        spread = max(self.cpu - self.parts["fixed"] - self.driver, 0.0)
        alone = self.driver / min(cores, DRIVER_CORES.get(self.name, cores))
        return self.parts["fixed"] + (spread / cores + alone) * of.skewed / of.efficiency


@dataclass(frozen=True)
class Plan:
    """What a load asks for.

    Args:
        load: The retailer.
        cluster: Whether one machine does not do.
        cores: At work.
        memory_gb: Of all machines.
        storage_gb: Of the history, and of the versions that are kept.
        stages: Of a day.
        seconds: By stage, by the wall clock.
        rebuild_hours: Of the whole history from nothing, with the same cores.
        shuffled_gb: That a cluster's machines send each other a day; 0: one machine.
        fits: Whether a day is done within the hours; false: no number of cores does it.
    """

    load: Load
    cluster: bool
    cores: int
    memory_gb: float
    storage_gb: float
    stages: tuple[Stage, ...]
    seconds: dict[str, float]
    rebuild_hours: float
    shuffled_gb: float
    fits: bool

    @property
    def hours(self) -> float:
        """Of a day's run."""
        return sum(self.seconds.values()) / 3600

    @property
    def core_hours(self) -> float:
        """Of a day's run: its cores are paid while it lasts."""
        return self.cores * self.hours

    @property
    def slowest(self) -> tuple[str, str]:
        """The stage that takes longest, and what most of its work is for."""
        name = max(self.seconds, key=lambda each: self.seconds[each])
        stage = next(each for each in self.stages if each.name == name)
        return name, max(stage.parts, key=lambda part: stage.parts[part])


def planned(load: Load, of: Measured, *, hours: float, keep_days: int) -> Plan:
    """The least that does a day's run within so many hours: one machine where it can, else a cluster.

    Args:
        load: The retailer.
        of: What was measured.
        hours: That a day's run may take.
        keep_days: Of old versions, as `maintain.keep_days`.
    """
    for cluster, choices in ((False, ONE_MACHINE), (True, CLUSTER)):
        stages = stages_of(load, of, cluster=cluster)
        memory = max(stage.peak_bytes for stage in stages) / GB
        if not cluster and memory > ONE_MACHINE_GB:
            continue
        for cores in choices:
            seconds = {s.name: s.seconds(cores, of) for s in stages}
            fits = sum(seconds.values()) <= hours * 3600
            if fits or cores == CLUSTER[-1]:
                again = stages_of(load, of, cluster=cluster, anew=True)
                return Plan(
                    load,
                    cluster,
                    cores,
                    cores * CORE_GB + DRIVER_GB if cluster else memory,
                    _stored(load, of, keep_days) / GB,
                    stages,
                    seconds,
                    sum(s.seconds(cores, of) for s in again) / 3600,
                    load.run("").rows * of.shuffled / GB if cluster else 0.0,
                    fits,
                )
    raise AssertionError("the largest cluster ends the search")


def stages_of(load: Load, of: Measured, *, cluster: bool = False, anew: bool = False) -> tuple[Stage, ...]:
    """The stages of a day, or of the whole history from nothing: on one machine, or on a cluster."""
    return tuple(
        _stage(name, load.run(name, anew=anew), of, of.factor if cluster else 1.0) for name in of.stages
    )


def _stage(name: str, run: Point, of: Measured, factor: float) -> Stage:
    points = [point for point in of.points if point.stage == name]
    cpu = fitted(points, lambda point: point.cpu_seconds)
    parts = {part: cost * factor for part, cost in cpu.parts(run).items()}
    peak = fitted(points, lambda point: point.peak_bytes).of(run)
    return Stage(name, parts, _driver(cpu, run) * factor, peak)


def _driver(cpu: Fitted, run: Point) -> float:
    """What the driver does by itself of a run: all of what is published, and models up to their sample."""
    work = cpu.of(run) - cpu.fixed
    if run.stage == "train":
        return work * min(DRIVER_ROWS / max(run.rows, 1), 1.0)
    return work if run.stage in DRIVER_CORES else 0.0


def _stored(load: Load, of: Measured, keep_days: int) -> float:
    stored = {
        name: fitted([p for p in of.points if p.stage == name], lambda point: point.bytes_stored)
        for name in of.stages
    }
    history = sum(cost.of(load.run(name, anew=True)) for name, cost in stored.items())
    return history + keep_days * sum(cost.of(load.run(name)) for name, cost in stored.items())
