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
