"""The sections of the page about what runs cost whatever they hold: points of the plan, traps, fixed costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Table = Callable[..., str]


def plan_section(result: Mapping[str, Any], *, table: Table) -> list[str]:
    """The measured points of `tillpost plan`, by world."""
    worlds: dict[tuple[int, ...], list[Mapping[str, Any]]] = {}
    for point in result["points"]:
        names = ("lines", "events", "people", "standing_lines")
        worlds.setdefault(tuple(point[name] for name in names), []).append(point)
    rows = [
        (
            f"{lines:,}",
            f"{events:,}",
            f"{people:,}",
            f"{standing:,}",
            *(f"{point['cpu_seconds']:.0f} s" for point in points),
            f"{max(point['peak_bytes'] for point in points) / 2**30:.1f} GB",
        )
        for (lines, events, people, standing), points in worlds.items()
    ]
    stages = list(dict.fromkeys(point["stage"] for point in result["points"]))
    spark = result["spark"]
    return [
        "## What a plan stands on: made retailers through every stage",
        "Processor seconds of each stage, a command of its own; each world from nothing and a day on top of it. "
        "What follows from them is in [plan.md](plan.md).",
        table(("lines", "events", "people", "on lines", *stages, "peak memory"), rows),
        f"Of {spark['rows']:,} rows through every stage Spark took {spark['cpu_seconds']:.0f} processor seconds, "
        f"Sail {spark['sail_cpu_seconds']:.0f}; Spark shuffled {spark['shuffle_bytes'] / 2**20:.0f} MB in "
        f"{spark['jobs']:,} jobs.",
    ]


def fixed_section(result: Mapping[str, Any], *, table: Table) -> list[str]:
    """What a run costs whatever it holds: no goals."""
    engines = list(result["day"])
    asked = {
        "`tillpost run`, seconds": "seconds",
        "of the processor": "cpu_seconds",
        "Spark jobs": "jobs",
        "Spark tasks": "tasks",
        "Delta commits": "commits",
        "data files written": "files",
        "bytes written": "bytes",
        "bytes of the middle file": "middle_bytes",
    }
    rows = [("a session's start, seconds", *(f"{result['starts'][engine]:.1f}" for engine in engines))]
    rows += [
        (name, *(_figure(result["day"][engine][key]) for engine in engines)) for name, key in asked.items()
    ]
    month = result["month"]
    stands = [
        (
            name,
            f"{of['files']:,}",
            f"{of['bytes']:,}",
            _figure(of["middle_bytes"]),
            f"`{of['most']}`: {of['of_most']:,}",
        )
        for name, of in ((how, month[how]) for how in ("without", "with"))
    ]
    a_day = month["seconds"] / (result["days"] + 1)
    return [
        "## Fixed costs of a run",
        "The day after two months of a little made retailer (20,000 receipt lines and 10,000 web events in all).",
        table(("", *engines), rows),
        f"After {result['days']} more days, each up to its send list in {a_day:.0f} s: data files of the newest "
        f"versions, without and with one `tillpost maintain` ({month['maintain_seconds']:.0f} s).",
        table(("maintain", "files", "bytes", "middle file", "most files"), stands),
    ]


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def skew_section(
    result: Mapping[str, Any], *, table: Table, met: Callable[..., tuple[str, ...]]
) -> list[str]:
    """Each trap beside as many even rows."""
    goals, traps, even = result["goals"], result["traps"], result["even"]
    worst = max(traps, key=lambda name: traps[name]["ratio"])
    largest = max(trap["peak_bytes"] for trap in traps.values()) / 2**30
    rows = [
        (
            name,
            f"{trap['rows']:,}",
            *(
                f"{even[trap['beside']]['stages'].get(stage, 0):.0f} -> {seconds:.0f} s"
                for stage, seconds in trap["stages"].items()
            ),
            *("" for _ in range(len(result["stages"]) - len(trap["stages"]))),
            f"{trap['ratio']:.2f}",
            f"{trap['cpu_ratio']:.2f}",
            f"{trap['peak_bytes'] / 2**30:.1f} GB",
        )
        for name, trap in traps.items()
    ]
    return [
        "## Skew and size traps, beside as many even rows",
        "Each stage a command of its own, the session's start within; even rows before the arrow.",
        table(
            ("", "measured", "goal", ""),
            [
                met(
                    f"seconds of the worst as a multiple of even rows: {worst}",
                    traps[worst]["ratio"],
                    goals["ratio"],
                    lower=True,
                ),
                met("GB of memory of the largest", largest, goals["gigabytes"], lower=True),
            ],
        ),
        table(("trap", "rows", *result["stages"], "times", "of the processor", "peak memory"), rows),
    ]
