"""What gives way first as a retailer grows: each limit, and how many times a load is beyond it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.plan.measured import Measured
from pipelines.plan.sizing import DRIVER_CORES, GB, LINES_A_RECEIPT, ONE_MACHINE, ONE_MACHINE_GB, Plan, Stage


@dataclass(frozen=True)
class Limit:
    """One limit.

    Args:
        name: What is limited.
        times: The load, as a multiple of what the limit takes; above 1 it is passed.
        then: What happens beyond it.
        stops: Whether nothing takes over there, so that it is a bottleneck.
    """

    name: str
    times: float
    then: str
    stops: bool = False


def limits(
    plan: Plan, one: tuple[Stage, ...], of: Measured, *, hours: float, keys: int, pairs: int
) -> list[Limit]:
    """Every limit, the one that is passed first as the load grows before the others.

    Args:
        plan: Of the load.
        one: The stages of its day on one machine.
        of: What was measured.
        hours: That a day's run may take.
        keys: As `runner.max_touched_keys`.
        pairs: As `als.driver_rows`.
    """
    return sorted(_all(plan, one, of, hours, keys, pairs), key=lambda limit: -limit.times)


def _all(
    plan: Plan, one: tuple[Stage, ...], of: Measured, hours: float, keys: int, pairs: int
) -> Iterator[Limit]:
    load, window = plan.load, hours * 3600
    bought = load.receipts * LINES_A_RECEIPT * load.days
    whole = sum(stage.seconds(ONE_MACHINE[-1], of) for stage in one)
    yield Limit(
        "touched people, `runner.max_touched_keys`",
        load.buyers / keys,
        "tables by person are written anew each day",
    )
    yield Limit(
        "pairs of person and good, `als.driver_rows`", bought / pairs, "spark.ml fits ALS, on a cluster"
    )
    yield Limit(
        f"memory of one machine, {ONE_MACHINE_GB} GB",
        max(stage.peak_bytes for stage in one) / GB / ONE_MACHINE_GB,
        "a cluster is needed",
    )
    yield Limit(
        f"{hours:g} hours of one machine, {ONE_MACHINE[-1]} cores", whole / window, "a cluster is needed"
    )
    for stage in plan.stages:
        if stage.name in DRIVER_CORES:
            alone = stage.driver / DRIVER_CORES[stage.name] * of.skewed / of.efficiency
            yield Limit(
                f"{hours:g} hours of the driver, `{stage.name}`",
                (stage.parts["fixed"] + alone) / window,
                "no number of cores does a day in time",
                stops=True,
            )
