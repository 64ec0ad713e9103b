"""What a segment's condition may ask of a person, and who fits which: no table, but what the tables of segments share.

The columns are those of `gold.customer_360` as of the run's date, and a few beside them; interests are asked for by
`interest` and `stage`. Everybody is read once, and all conditions are evaluated over that one pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType

from pipelines.calc.segments.definitions import Segment
from pipelines.calc.segments.mentions import Mention
from pipelines.calc.segments.predicate import Predicate, compiled
from pipelines.calc.segments.syntax import NotAPredicate
from pipelines.errors import SettingsError
from pipelines.gold import customer_360 as gold_customer_360
from pipelines.lakehouse.types import INT
from pipelines.silver import weather as silver_weather

YEAR = 365  # days over which the coldest is sought: a winter is among them
BESIDE: dict[str, DataType] = {
    # Measured means of a day in the region of the favourite store: the newest, and the lowest of a year; null: none.
    "temperature": silver_weather.TABLE.schema["temperature"].dataType,
    "coldest_temperature": silver_weather.TABLE.schema["temperature"].dataType,
    "last_seen_days": INT,  # since the last touch that was the person's own, on either side; null: none
}
COLUMNS: dict[str, DataType] = {
    **{c.name: c.type for c in gold_customer_360.TABLE.columns if c.name not in ("as_of", "person_id")},
    **BESIDE,
}


@cache
def predicates(defined: Sequence[Segment]) -> tuple[Predicate, ...]:
    """The conditions of all segments, each read once.

    Raises:
        SettingsError: one asks for what is not there, or is none; every such segment is named.
    """
    made, faults = [], []
    for segment in defined:
        try:
            made.append(compiled(segment.name, segment.where, COLUMNS))
        except NotAPredicate as error:
            faults.append(f"{segment.name}: {error}, in: {segment.where}")
    if faults:
        raise SettingsError(
            "Conditions are refused:\n  " + "\n  ".join(faults),
            remedy="Mend them in conf/segments or conf/triggers; docs/segments.md lists columns and functions.",
        )
    return tuple(made)


def people(customer_360: DataFrame, weather: DataFrame, *, as_of: date) -> DataFrame:
    """`person_id` and `COLUMNS` of everybody in the customer 360 of the date, one row each."""
    today = F.lit(as_of)
    online, offline = F.col("last_online_touch_on"), F.col("last_offline_touch_on")
    last_seen = F.greatest(F.coalesce(online, offline), F.coalesce(offline, online))
    measured = weather.where(
        (F.col("kind") == "measured") & (F.col("known_on") <= today) & F.col("temperature").isNotNull()
    )
    this_year = F.col("day") > F.lit(as_of - timedelta(YEAR))
    degrees = measured.groupBy("region").agg(
        F.max_by("temperature", "day").alias("temperature"),
        F.min(F.when(this_year, F.col("temperature"))).alias("coldest_temperature"),
    )
    return (
        customer_360.where(F.col("as_of") == today)
        .join(F.broadcast(degrees), on="region", how="left")
        .withColumn("last_seen_days", F.date_diff(today, last_seen).cast(INT))
        .select("person_id", *COLUMNS)
    )


def selected(
    everybody: DataFrame, interest_profiles: DataFrame, conditions: Sequence[Predicate], *, as_of: date
) -> DataFrame:
    """`person_id, segment`: who fits which condition, each pair once."""
    asked = sorted({mention for condition in conditions for mention in condition.mentions})
    places = {mention: place for place, mention in enumerate(asked)}

    def column(mention: Mention, what: str) -> Column:
        found = F.col(f"_{what}_{places[mention]}")
        return F.coalesce(found, F.lit(0.0)) if what == "interest" else found

    fits = (F.when(each.column(as_of, column), F.lit(each.segment)) for each in conditions)
    frame = (
        everybody.join(_asked(interest_profiles, asked), on="person_id", how="left") if asked else everybody
    )
    return frame.select("person_id", F.explode(F.array_compact(F.array(*fits))).alias("segment"))


def _asked(interest_profiles: DataFrame, asked: Sequence[Mention]) -> DataFrame:
    """One row per person with the affinity to, and the stage of, each interest that is asked for."""

    def of(mention: Mention, name: str) -> Column:
        kind, value = mention
        return F.max(F.when((F.col("kind") == kind) & (F.col("value") == value), F.col(name)))

    values = sorted({value for _, value in asked})
    columns = (
        column
        for place, mention in enumerate(asked)
        for column in (
            of(mention, "affinity").alias(f"_interest_{place}"),
            of(mention, "stage").alias(f"_stage_{place}"),
        )
    )
    return interest_profiles.where(F.col("value").isin(*values)).groupBy("person_id").agg(*columns)
