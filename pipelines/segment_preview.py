"""What the segments of a file would select from the lake as it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pyspark.sql import functions as F

from pipelines.context import session
from pipelines.errors import SystemFault
from pipelines.gold import customer_360, segment_members, segments
from pipelines.gold.segment_people import predicates
from pipelines.lakehouse.lake import Lake
from pipelines.settings import Settings, segments_in

SHOWN = 3
"""So many overlaps of a segment are shown."""


@dataclass(frozen=True)
class Line:
    """One segment: its size, its share of all people, what it has in common with others, and what is odd."""

    segment: str
    members: int
    share: float | None
    overlaps: tuple[tuple[str, int], ...]
    warning: str | None


@dataclass(frozen=True)
class Preview:
    """The segments of a file in its order, over the people of a date."""

    as_of: date
    people: int
    rows: tuple[Line, ...]


def preview(settings: Settings, file: Path) -> Preview:
    """Evaluate a file's segments over the newest customer 360; nothing is written.

    Raises:
        SettingsError: the file or a condition in it cannot be read, or asks for what is not there.
        SystemFault: no run has made a customer 360.
    """
    defined = segments_in(file, settings.interests.kinds)
    predicates(defined)
    with session(settings) as spark:
        lake = Lake(spark, settings.lake.root)
        head = lake.head(customer_360.TABLE)
        if head is None or head.mark is None:
            raise SystemFault(
                f"There is no gold.customer_360 in {lake.root}", remedy="Run `tillpost run` first."
            )
        as_of = head.mark.as_of
        members = segment_members.build(
            *(lake.read(read.table) for read in segment_members.TABLE.reads), as_of=as_of, defined=defined
        )
        with lake.store.held(members) as known:
            inputs = {read.table.name: lake.read(read.table) for read in segments.TABLE.reads}
            frames = {**inputs, segment_members.TABLE.name: known}
            rows = segments.build(*frames.values(), as_of=as_of, defined=defined).collect()  # one a segment
        people = inputs[customer_360.TABLE.name].where(F.col("as_of") == F.lit(as_of)).count()
    by_name = {
        row.segment: Line(
            row.segment,
            row.members,
            row.share,
            tuple((each.segment, each.members) for each in (row.overlaps or [])[:SHOWN]),
            row.warning,
        )
        for row in rows
    }
    return Preview(as_of, people, tuple(by_name[each.name] for each in defined))
