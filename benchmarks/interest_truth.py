"""Interests of a simulated world's people against the world's truth: AUC by category.

Of each person the truth names three categories of interest, of which the third is looked at and never bought by choice.
A world is simulated and refined; `gold.interest_profiles` then ranks people by their affinity to a category. The area
under the ROC curve is the probability that somebody with the interest stands above somebody without, ties counting
half (Mann-Whitney). People without any act that the lake could tie to them count with an affinity of 0.

`python -m benchmarks.interest_truth 60 30` writes docs/interest_truth.md for so many households and days.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.stats import rankdata

from benchmarks.identity_world import START, persons, truth
from benchmarks.page import table
from benchmarks.processes import measured, tillpost
from pipelines.query import select

PLACE, PAGE = Path("data/bench/interest_world"), Path("docs/interest_truth.md")
STAGES = {"any": "stage IS NOT NULL", "looked at only": "stage IN ('seen', 'considered', 'in_cart')"}
"""What counts as having the interest, in words and in the truth's terms."""


def made(households: int, days: int, place: Path = PLACE) -> None:
    """Simulate a world, and refine it."""
    shutil.rmtree(place, ignore_errors=True)
    world = ["--to", str(place), "--households", str(households), "--days", str(days), "--seed", "5"]
    measured(tillpost(["simulate", *world]))
    roots = [word for name in ("landing", "lake") for word in ("--set", f"{name}.root={place / name}")]
    sets = [*roots, "--set", f"vault.key_file={place / 'key.json'}"]
    for stage in ("ingest", "refine"):
        measured(tillpost([stage, *sets, "--as-of", str(START + timedelta(days=days - 1))]))


def scored(place: Path = PLACE) -> pa.Table:
    """`person, category, stage, affinity`: the truth beside what the lake found, for each person and category."""
    wanted = pq.read_table(place / "truth" / "interests")
    owners, found = truth(place), persons(place / "lake")
    profiles = select(
        str(place / "lake"),
        "SELECT person_id, value AS category, affinity FROM gold.interest_profiles WHERE kind = 'category'",
    )
    with duckdb.connect() as session:
        for name, rows in (("wanted", wanted), ("owners", owners), ("found", found), ("profiles", profiles)):
            session.register(name, rows)
        return session.execute(
            "WITH whose AS (SELECT DISTINCT owner AS person, person_id FROM owners JOIN found USING (node)) "
            "SELECT person, category, any_value(stage) AS stage, coalesce(max(affinity), 0) AS affinity "
            "FROM wanted LEFT JOIN whose USING (person) LEFT JOIN profiles USING (person_id, category) "
            "GROUP BY ALL ORDER BY ALL"
        ).to_arrow_table()


def auc(has: Sequence[bool], score: Sequence[float]) -> float:
    """The probability that one who has it scores above one who has not, ties counting half.

    >>> auc([True, False, False], [0.5, 0.5, 0.1])
    0.75
    """
    ranks = rankdata(score)
    positive = sum(has)
    negative = len(has) - positive
    if not positive or not negative:
        return float("nan")
    above = sum(rank for rank, one in zip(ranks, has, strict=True) if one) - positive * (positive + 1) / 2
    return float(above / (positive * negative))


def areas(rows: pa.Table) -> list[tuple[str, ...]]:
    """By category, the number of people with the interest and the AUC, for each meaning of having it."""
    with duckdb.connect() as session:
        session.register("rows", rows)
        lines = []
        for (category,) in session.execute("SELECT DISTINCT category FROM rows ORDER BY 1").fetchall():
            line = [category]
            for condition in STAGES.values():
                found = session.execute(
                    f"SELECT {condition}, affinity FROM rows WHERE category = ? "
                    f"AND ({condition} OR stage IS NULL)",
                    [category],
                ).fetchall()
                has, score = [bool(one) for one, _ in found], [value for _, value in found]
                line += [f"{sum(has):,}", f"{auc(has, score):.3f}"]
            lines.append(tuple(line))
    return lines


def means(lines: Sequence[tuple[str, ...]]) -> dict[str, float]:
    """The mean of the areas of all categories, for each meaning of having the interest."""
    columns = range(2, 2 + 2 * len(STAGES), 2)
    return {
        name: sum(float(line[column]) for line in lines) / len(lines)
        for name, column in zip(STAGES, columns, strict=True)
    }


def page(households: int, days: int, lines: Sequence[tuple[str, ...]]) -> str:
    """The page, from what was found in a world."""
    header = ("category", *(part for name in STAGES for part in (f"people: {name}", "AUC")))
    wide, narrow = means(lines).values()
    parts = [
        "<!-- Written by `python -m benchmarks --only interest_truth`; measure again rather than edit. -->",
        "# Interests against a simulated world's truth",
        f"{households} households over {days} days, `python -m benchmarks.interest_truth {households} {days}`. AUC is "
        "the probability that the affinity of somebody with the interest is above that of somebody without, ties "
        "counting half; 0.5 is chance. *Any* are the three categories that the truth names for a person; *looked at "
        "only* is the third, which is never bought by choice. The means over the categories are "
        f"{wide:.3f} and {narrow:.3f}.",
        table(header, lines),
    ]
    return "\n\n".join(parts) + "\n"


def interest_truth(households: int = 300, days: int = 60) -> dict[str, Any]:
    """Simulate, refine, and write the page; the mean areas."""
    made(households, days)
    lines = areas(scored())
    PAGE.write_text(page(households, days, lines), encoding="utf-8")
    return {
        "households": households,
        "days": days,
        "categories": len(lines),
        "means": means(lines),
        "command": "python -m benchmarks --only interest_truth",
    }


if __name__ == "__main__":
    print(interest_truth(*map(int, sys.argv[1:])))
