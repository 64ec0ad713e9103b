"""What weather is normal in a region for the season, from what was measured there. No table of its own."""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.lakehouse.types import DOUBLE

MEASURES = ("temperature", "temperature_min", "temperature_max", "precipitation")
YEAR_DAYS, WEEK_DAYS, LATELY_DAYS, LEAST_DAYS = 365.2425, 7, 28, 7


def forecasts(weather: DataFrame, as_of: date) -> DataFrame:
    """`region` and `MEASURES`: the last forecast for the day after the date; a region without one has no row.

    Args:
        weather: `silver.weather`; what was not known on `as_of` is not looked at.
        as_of: The date of the run.
    """
    coming = F.lit(as_of + timedelta(1))
    told_on = (F.col("kind") == "forecast") & (F.col("day") == coming) & (F.col("known_on") <= F.lit(as_of))
    latest = (F.max_by(measure, "known_on").alias(measure) for measure in MEASURES)
    return weather.where(told_on).groupBy("region").agg(*latest)


def expected(weather: DataFrame, as_of: date) -> DataFrame:
    """`region` and `degrees`: the mean to expect on the day after the date, by the forecast, or else the normal one."""
    usual = normals(weather, as_of + timedelta(1), as_of).select("region", "normal_temperature")
    both = forecasts(weather, as_of).select("region", "temperature").join(usual, on="region", how="full")
    return both.select(
        "region", F.coalesce(F.col("temperature").cast(DOUBLE), "normal_temperature").alias("degrees")
    )


def normals(weather: DataFrame, day: date, as_of: date) -> DataFrame:
    """`region` and by measure `normal_<measure>`: the mean of measured days; null: too few were measured.

    Of earlier years, the days within `WEEK_DAYS` of the day's place in the year; where fewer than `LEAST_DAYS` of them
    were measured (a lake of its first year), the last `LATELY_DAYS` before `as_of`, of which as many are asked for. A
    day that was measured twice counts by its last word.

    Args:
        weather: `silver.weather`; what was not known on `as_of` is not looked at.
        day: The day whose season is meant.
        as_of: The date of the run.
    """
    known = weather.where(
        (F.col("kind") == "measured") & (F.col("known_on") <= F.lit(as_of)) & (F.col("day") <= F.lit(as_of))
    )
    days = known.groupBy("region", "day").agg(*(F.max_by(name, "known_on").alias(name) for name in MEASURES))
    before = F.date_diff(F.lit(day), "day")
    years = F.round(before / YEAR_DAYS)
    season = (years >= 1) & (F.abs(before - years * YEAR_DAYS) <= WEEK_DAYS + 0.5)
    lately = F.col("day") > F.lit(as_of - timedelta(LATELY_DAYS))
    told = []
    for name in MEASURES:
        means = []
        for span in (season, lately):
            value = F.when(span, F.col(name)).cast(DOUBLE)
            means.append(F.when(F.count(value) >= LEAST_DAYS, F.avg(value)))
        told.append(F.round(F.coalesce(*means), 3).alias(f"normal_{name}"))
    return days.groupBy("region").agg(*told)
