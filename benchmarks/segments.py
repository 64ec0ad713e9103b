"""How long it takes to say who of 450,000 people is in which of 296 segments, and what the segments share.

`python -m benchmarks.segments 30000 296` measures a smaller number of people.
"""

from __future__ import annotations

import shutil
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipelines.calc.segments.definitions import Segment
from pipelines.gold import customer_360, segment_members
from pipelines.gold import segments as gold_segments
from pipelines.lakehouse.sail import sail_session
from pipelines.lakehouse.types import DATE
from pipelines.settings import load

PEOPLE, SEGMENTS, INTERESTS, CATEGORIES = 450_000, 296, 12, 200
"""The last two: interests that a person has, of so many categories."""
GOAL = 180.0
AS_OF = date(2024, 3, 1)
PLACE = Path("data/bench/segments")


def defined(count: int = SEGMENTS) -> tuple[Segment, ...]:
    """The built-in segments, then an interest in each category with two conditions on the last visit."""
    own = load().segments.defined
    more = [
        Segment(
            name=f"c{category}/{days}",
            says="Like it, and were here",
            where=f"interest('C{category}') > .1 AND last_seen_days < {days}",
        )
        for category in range(CATEGORIES)
        for days in (30, 90)
    ]
    return (*own, *more)[:count]


def simulated(spark: SparkSession, people: int) -> dict[str, DataFrame]:
    """People, interests and weather, each drawn by a hash of the person's number; written, and read back."""

    def drawn(purpose: str, below: int) -> Any:
        return F.pmod(F.xxhash64("id", F.lit(purpose)), F.lit(below)).cast("int")

    person = F.concat(F.lit("p"), F.col("id").cast("string"))
    day = F.date_sub(F.lit(AS_OF), drawn("day", 400))
    given: dict[str, Any] = {"as_of": F.lit(AS_OF), "person_id": person}
    for column in customer_360.TABLE.columns:
        kind = column.type.simpleString()
        value = F.lit(None).cast(column.type)
        if column.name.endswith("_score"):
            value = drawn(column.name, 5) + 1
        elif kind in ("int", "bigint") or kind.startswith("decimal"):
            value = drawn(column.name, 400)
        elif column.type == DATE:
            value = day
        elif column.name == "favourite_store":
            value = F.concat(F.lit("S"), drawn("store", 25).cast("string"))
        elif column.name == "region":
            value = F.concat(F.lit("R"), drawn("store", 5).cast("string"))
        given.setdefault(column.name, value.cast(column.type))
    everybody = spark.range(people).select(*(given[name].alias(name) for name in customer_360.TABLE.names))
    liked = spark.range(people * INTERESTS).select(
        F.concat(F.lit("p"), (F.col("id") / INTERESTS).cast("bigint").cast("string")).alias("person_id"),
        F.lit("category").alias("kind"),
        F.concat(F.lit("C"), drawn("category", CATEGORIES).cast("string")).alias("value"),
        (drawn("affinity", 300) / 1000).alias("affinity"),
        F.lit("bought").alias("stage"),
        day.alias("last_on"),
    )
    weather = spark.range(5).select(
        F.concat(F.lit("R"), F.col("id").cast("string")).alias("region"),
        F.lit(AS_OF).alias("day"),
        F.lit("measured").alias("kind"),
        F.lit(AS_OF).alias("known_on"),
        (F.col("id") * 10 - 10).cast("decimal(5, 1)").alias("temperature"),
    )
    names = [read.table.name for read in segment_members.TABLE.reads]
    made = {}
    for name, frame in zip(names, (everybody, liked, weather), strict=True):
        frame.write.mode("overwrite").parquet(str(PLACE / name))
        made[name] = spark.read.parquet(str(PLACE / name))
    return made


def segments(people: int = PEOPLE, count: int = SEGMENTS) -> dict[str, Any]:
    """Seconds for the members of all segments, written, and for sizes and overlaps from them."""
    shutil.rmtree(PLACE, ignore_errors=True)
    wanted = defined(count)
    with sail_session(2) as spark:
        frames = simulated(spark, people)
        began = time.monotonic()
        rows = segment_members.build(*frames.values(), as_of=AS_OF, defined=wanted)
        rows.write.parquet(str(PLACE / "members"))
        members = time.monotonic() - began
        known = spark.read.parquet(str(PLACE / "members"))
        terms = spark.range(CATEGORIES).select(
            F.concat(F.lit("c"), F.col("id").cast("string")).alias("term"),
            F.lit("category").alias("kind"),
            F.concat(F.lit("C"), F.col("id").cast("string")).alias("value"),
        )
        began = time.monotonic()
        sizes = gold_segments.build(
            frames[customer_360.TABLE.name], known, terms, as_of=AS_OF, defined=wanted
        ).collect()
        overlaps = time.monotonic() - began
        return {
            "people": people,
            "segments": len(sizes),
            "memberships": known.count(),
            "seconds": {"members": round(members, 1), "sizes and overlaps": round(overlaps, 1)},
            "command": "python -m benchmarks --only segments",
        }


if __name__ == "__main__":
    print(segments(*map(int, sys.argv[1:])))
