"""Sections of `docs/benchmarks.md` on growth stage by stage, and on a day on top of history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.day_on_history import A_DAY, DAILY, DAYS, GOALS, HISTORIES
from benchmarks.staged import STAGES, total
from benchmarks.stages_growth import GOAL, MAIL, WEB

NAMES = {"month": "a month", "half": "half a year", "year": "a year", "two_years": "two years"}


def growth_section(result: Mapping[str, Any], table: Any, met: Any) -> list[str]:
    """Each stage by the number of lines, on both engines, and the first that bends."""
    judged = [
        met(f"growth exponent of `{stage}`", power, GOAL, lower=True)
        for stage, power in result["exponents"]["sail"].items()
    ]
    said = [
        _bend(engine, result["bends"][engine]) for engine, rows in result["rows"].items() if len(rows) > 1
    ]
    return [
        "## Growth: every stage, by the number of receipt lines",
        table(("on Sail", "measured", "goal", ""), judged),
        " ".join(said),
        f"A year of receipts, with {WEB:g} web events and {MAIL:g} mail events to a line; each stage from nothing, in "
        "a process of its own, whose start is in the seconds. Sail tells of no shuffle and does not spill: what its "
        "process wrote to disk, commits and scratch, is shown. Spark's event log tells both.",
        table(
            ("engine", "lines", "stage", "seconds", "peak memory", "written", "shuffled", "spilled"),
            [
                _line(engine, lines, stage, rows[lines][stage])
                for engine, rows in result["rows"].items()
                for lines in rows
                for stage in STAGES
                if stage in rows[lines]
            ],
        ),
    ]


def _bend(engine: str, bend: tuple[str, int] | None) -> str:
    if bend is None:
        return f"On {engine.capitalize()} no stage bends."
    return f"On {engine.capitalize()} the first stage that bends is `{bend[0]}`, at {int(bend[1]):,} lines."


def _line(engine: str, lines: Any, stage: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    took = f"{row['seconds']:.0f} s"
    return (
        engine,
        f"{int(lines):,}",
        f"`{stage}`",
        f"**ended ({row['ended']})** after {took}" if row["ended"] else took,
        f"{row['peak_bytes'] / 2**30:.1f} GB",
        *(
            f"{row[what] / 2**20:,.0f} MB" if what in row else ""
            for what in ("written_bytes", "shuffled", "spilled")
        ),
    )


def day_section(result: Mapping[str, Any], table: Any, met: Any) -> list[str]:
    """A day on top of each history, the rebuild of the year, and a day of ten times the size."""
    days = {name: rows for name, rows in result["days"].items() if name in NAMES}
    tenfold = total(result["alone"])
    rows = [(f"a day on {NAMES[name]}", rows) for name, rows in days.items()]
    rows += [("a day of ten times the size, on nothing", result["alone"])]
    rows += [("the year rebuilt from bronze", result["rebuild"])]
    by_person = {name: result["by_person"][name] for name in days}
    a_day = " and ".join(f"{records:,} {source}" for source, records in A_DAY.items())
    return [
        "## A day on top of history, through every stage",
        table(
            ("", "measured", "goal", ""),
            [
                met(
                    "a day on two years, as a multiple of one on a month",
                    result["ratio"],
                    GOALS["ratio"],
                    lower=True,
                ),
                met(
                    "a day on a year, as a share of the year's rebuild",
                    result["share"],
                    GOALS["share"],
                    lower=True,
                ),
            ],
        ),
        f"{a_day}; a process a stage, whose start is in the seconds. On each history come {len(DAYS)} days, in turn; "
        f"the one between the others is shown. A day of ten times the size takes {tenfold:.0f} s alone.",
        table(
            ("", *(f"`{stage}`" for stage in DAILY), "in all", "peak memory"),
            [
                (
                    name,
                    *(f"{of[stage]['seconds']:.0f} s" if stage in of else "" for stage in DAILY),
                    f"{total(of):.0f} s",
                    f"{max(row['peak_bytes'] for row in of.values()) / 2**30:.1f} GB",
                )
                for name, of in rows
            ],
        ),
        "What is kept by person is written anew with who is touched, so it grows with the people and their past: "
        "seconds of such tables and of all others, several at a time.",
        table(
            ("on", "days before", "tables by person", "all others"),
            [
                (NAMES[name], f"{HISTORIES[name]}", f"{of['person']:.1f} s", f"{of['other']:.1f} s")
                for name, of in by_person.items()
            ],
        ),
    ]
