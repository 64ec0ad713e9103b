"""One row per region, day, kind and day on which it was known: measured weather and forecasts.

What was forecast on one day and again on the next are two rows, so that a decision of the past can be given
the forecast it had: the row with the latest `known_on` that is not after it.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.bronze import records as bronze
from pipelines.calc.time import business_date
from pipelines.lakehouse.expectations import at_least, at_most, in_order, one_of
from pipelines.lakehouse.table import LINEAGE, Col, Facts, Table
from pipelines.lakehouse.types import DATE, DEGREES, INT, MILLIMETRES, STRING
from pipelines.landing.weather import SOURCE
from pipelines.silver.parse import parse

TABLE = Table(
    name="silver.weather",
    doc=__doc__,
    key=("day", "region", "kind", "known_on"),
    scope=("day",),
    columns=(
        Col("region", STRING, "The region, as `silver.stores` spells it", nullable=False),
        Col("day", DATE, "The local day", nullable=False),
        Col("kind", STRING, "`measured` or `forecast`", nullable=False),
        Col("known_on", DATE, "Business day on which it arrived", nullable=False),
        Col("temperature", DEGREES, "Mean of the day, in degrees Celsius; null: not told"),
        Col("temperature_min", DEGREES, "Lowest of the day, in degrees Celsius; null: not told"),
        Col("temperature_max", DEGREES, "Highest of the day, in degrees Celsius; null: not told"),
        Col("precipitation", MILLIMETRES, "Rain and melted snow, in millimetres; null: not told"),
        Col("precipitation_chance", INT, "Of a forecast, in per cent; null: measured, or not told"),
        *LINEAGE,
    ),
    inputs=(bronze.TABLES["weather"],),
    params=("business.time_zone",),
    expect=(
        one_of("kind", ("measured", "forecast")),
        in_order("temperature_min", "temperature_max"),
        at_least("precipitation", 0),
        at_least("precipitation_chance", 0),
        at_most("precipitation_chance", 100),
    ),
    write=Facts(unit=("day", "region", "kind", "known_on"), prefer=("arrived_at", "content_hash")),
)


def build(records: DataFrame, *, as_of: date, time_zone: str) -> DataFrame:
    """One row per record, with the reasons against it."""
    return parse(records, SOURCE).withColumn("known_on", business_date(F.col("arrived_at"), time_zone))
