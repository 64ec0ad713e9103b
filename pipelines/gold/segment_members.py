"""One row per segment, person and spell: when the person came into the segment, and when they left.

Who is in a segment on a date is decided from gold as of that date, for all segments in one pass. A run opens a spell
for who is new, closes that of who is no longer in, and leaves the others. So the history is what the runs saw: a spell
begins and ends on the date of a run, and a lake that is rebuilt begins its spells anew. A segment that is no longer
defined has nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.calc.segments.definitions import Segment
from pipelines.gold import customer_360 as gold_customer_360
from pipelines.gold import interest_profiles as gold_interest_profiles
from pipelines.gold.segment_people import people, predicates, selected
from pipelines.lakehouse.expectations import in_order
from pipelines.lakehouse.table import PERSON, Col, History, Input, Table
from pipelines.lakehouse.types import DATE, STRING
from pipelines.silver import weather as silver_weather

MEMBER = ("segment", "person_id")

TABLE = Table(
    name="gold.segment_members",
    doc=__doc__,
    key=("segment", "person_id", "entered_on"),
    scope=("segment",),
    columns=(
        Col("segment", STRING, "The segment, as `conf/segments` names it", nullable=False),
        PERSON,
        Col("entered_on", DATE, "The first date on which a run saw them in it", nullable=False),
        Col("left_on", DATE, "The first on which a run saw them no longer; null: they are in it"),
    ),
    inputs=(
        Input(gold_customer_360.TABLE, whole=True),
        Input(gold_interest_profiles.TABLE, whole=True),
        Input(silver_weather.TABLE, whole=True),
    ),
    params=("segments.defined",),
    expect=(in_order("entered_on", "left_on"),),
    write=History(begins="entered_on", ends="left_on"),
)


def build(
    customer_360: DataFrame,
    interest_profiles: DataFrame,
    weather: DataFrame,
    *,
    as_of: date,
    defined: Sequence[Segment],
    standing: DataFrame | None = None,
) -> DataFrame:
    """The spells that are open at the close of the date, and those that ended on it.

    Args:
        customer_360: `gold.customer_360`.
        interest_profiles: `gold.interest_profiles`.
        weather: `silver.weather`.
        as_of: The date.
        defined: The segments.
        standing: The spells so far; what a run of this date has written before is decided again. Null: none.
    """
    everybody = people(customer_360, weather, as_of=as_of)
    members = selected(everybody, interest_profiles, predicates(tuple(defined)), as_of=as_of)
    today = F.lit(as_of)
    if standing is None:
        return members.select(*MEMBER, today.alias("entered_on"), F.lit(None).cast(DATE).alias("left_on"))
    goes_on = F.col("left_on").isNull() | (F.col("left_on") >= today)
    before = standing.where((F.col("entered_on") < today) & goes_on).select(*MEMBER, "entered_on")
    both = before.join(members.withColumn("_in", F.lit(True)), on=list(MEMBER), how="full")
    return both.select(
        *MEMBER,
        F.coalesce("entered_on", today).alias("entered_on"),
        F.when(F.col("_in").isNull(), today).alias("left_on"),
    )
