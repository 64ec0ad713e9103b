"""The status as a person reads it on a terminal."""

from __future__ import annotations

from pipelines import console
from pipelines.status.collect import Status

_COUNTS = ("tables", "received", "accepted", "refused", "duplicates")


def show(status: Status) -> None:
    """Stages, refusals, freshness by date, models, and what to do next."""
    console.grid(
        f"The last run of each stage, at {status.root}",
        ["stage", "as of", "ended", "seconds", "usual", *_COUNTS],
        [
            [
                stage.stage,
                str(stage.as_of),
                f"{stage.ended:%Y-%m-%d %H:%M} UTC",
                f"{stage.seconds:.1f}",
                "" if stage.usual is None else f"{stage.usual:.1f}",
                *(f"{getattr(stage, name):,}" for name in _COUNTS),
            ]
            for stage in status.stages
        ],
        right=("seconds", "usual", *_COUNTS),
    )
    if status.refusals:
        console.grid(
            "Why rows were refused",
            ["table", "column", "why", "rows", "of the newest batch"],
            [[r.table, r.column, r.sentence, f"{r.rows:,}", f"{r.newest:,}"] for r in status.refusals],
            right=("rows", "of the newest batch"),
        )
    console.grid(
        "How fresh the tables are",
        ["as of", "tables"],
        [[day, ", ".join(names)] for day, names in sorted(_by_date(status).items(), reverse=True)],
    )
    models = ", ".join(f"{name} {label}" for name, label in sorted(status.models.items())) or "none"
    console.say(f"models in use: {models}")
    released = f"{status.release} of {status.released}" if status.released else "none"
    console.say(f"latest release: {released}; the books of {status.due} are the last that have closed")
    for step in status.next_steps or ["nothing; all is well"]:
        console.say(f"to do: {step}")


def _by_date(status: Status) -> dict[str, list[str]]:
    """The tables by the business date that they were last made for."""
    found: dict[str, list[str]] = {}
    for line in status.tables:
        found.setdefault(str(line.as_of or ""), []).append(line.name)
    return found
