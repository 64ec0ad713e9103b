"""A plan as a person reads it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipelines.plan.limits import Limit
from pipelines.plan.measured import Measured
from pipelines.plan.model import errors
from pipelines.plan.sizing import CLUSTER, Plan


def told(plan: Plan, found: Sequence[Limit], of: Measured, price: float | None) -> str:
    """The machines, the day by stage, the limits in the order in which they are passed, and the model's errors."""
    load, (slowest, mostly) = plan.load, plan.slowest
    kind = "a cluster (Spark)" if plan.cluster else "one machine (Sail)"
    between = f"{plan.shuffled_gb:,.0f} GB a day between machines" if of.spark else "not measured"
    shuffled = between if plan.cluster else "none: one machine"
    first = next(limit for limit in found if limit.stops)
    passed = (
        f"passed at 1/{first.times:,.0f} of this load"
        if first.times >= 2
        else f"{first.times:.0%} of it used"
    )
    rows = [
        (
            "a day",
            f"{load.receipts:,} receipts, {load.events:,} web events, on {load.days:,} days; {load.people:,} people",
        ),
        ("machines", kind),
        ("cores", f"{plan.cores:,}" + ("" if plan.fits else f", and more than {CLUSTER[-1]:,} do not help")),
        ("memory", f"{plan.memory_gb:,.0f} GB"),
        ("storage", f"{plan.storage_gb:,.0f} GB"),
        ("shuffled", shuffled),
        ("a day's run", f"{plan.hours:.2f} hours, {plan.core_hours:,.1f} core-hours"),
        (
            "all from nothing",
            f"{plan.rebuild_hours:,.1f} hours, {plan.rebuild_hours * plan.cores:,.0f} core-hours",
        ),
        *(
            [("cost of a day", f"{plan.core_hours * price:,.2f} at {price:g} a core-hour")]
            if price is not None
            else []
        ),
        ("beyond measured", f"{load.run('').rows / of.most:,.0f} times the rows of the largest measured run"),
        ("most time", f"{slowest}, most of it for what is {mostly}"),
        ("first bottleneck", f"{first.name}: {passed}; {first.then}"),
    ]
    width = max(len(name) for name, _ in rows)
    head = "\n".join(f"{name:<{width}}  {value}" for name, value in rows)
    return "\n\n".join([head, _stages(plan), _limits(found), _errors(of)])


def _stages(plan: Plan) -> str:
    rows = [
        (
            stage.name,
            f"{plan.seconds[stage.name]:,.0f} s",
            f"{stage.cpu:,.0f} s",
            *(
                f"{stage.parts[part] / max(stage.cpu, 1e-9):.0%}"
                for part in ("fixed", "arriving", "standing", "people")
            ),
            f"{stage.driver / max(stage.cpu, 1e-9):.0%}",
        )
        for stage in plan.stages
    ]
    return _grid(
        ("stage", "takes", "processor", "fixed", "arriving", "standing", "people", "by the driver"), rows
    )


def _limits(found: Sequence[Limit]) -> str:
    return _grid(
        ("limit", "times", "beyond it"),
        [
            (limit.name, f"{limit.times:,.2f}" if limit.times < 100 else f"{limit.times:,.0f}", limit.then)
            for limit in found
        ],
    )


def _errors(of: Measured) -> str:
    """Of each stage the points, the errors of those left out in turn, and the exponents."""
    rows = []
    for name in of.stages:
        points = [point for point in of.points if point.stage == name]
        seconds = errors(points, lambda point: point.cpu_seconds)
        memory = errors(points, lambda point: point.peak_bytes)
        rows.append((name, f"{len(points)}", *(f"{error:.0%}" for error in (*seconds, *memory))))
    head = ("foretold from the others", "points", "seconds off", "at most", "memory off", "at most")
    spark = (
        f"Spark costs {of.factor:.1f} times Sail's"
        if of.spark
        else "Spark, not measured, is taken to cost what Sail does"
    )
    return (
        f"{_grid(head, rows)}\n\nMeasured to {of.most:,} rows on {of.machine['processor']}, {of.machine['memory']}, "
        f"{of.machine['date']}, {of.machine['code']};\n{of.efficiency:.0%} of the cores' time was used, {spark}, "
        f"the worst trap {of.skewed:.2f} times even rows."
    )


def _grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns in line: the first to the left, figures to the right, prose at the end to the left."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]

    def cell(column: int, text: str) -> str:
        prose = column == 0 or head[column] == "beyond it"
        return f"{text:<{widths[column]}}" if prose else f"{text:>{widths[column]}}"

    return "\n".join("  ".join(cell(n, text) for n, text in enumerate(line)).rstrip() for line in lines)
