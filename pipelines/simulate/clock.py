"""A world's clock: days and seconds become instants, instants become the text of a record."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column
from pyspark.sql import functions as F

from pipelines.calc.time import business_date
from pipelines.simulate.world import World

HOUR = 3600
_EPOCH = date(1970, 1, 1)


def instant(world: World, day: Column, second: Column) -> Column:
    """A second of a local day, as a TIMESTAMP."""
    first = (world.start - _EPOCH).days
    local = F.timestamp_seconds((day + first) * (24 * HOUR) + second)
    return F.to_utc_timestamp(local, world.time_zone)


def later(moment: Column, seconds: Column | int) -> Column:
    """So many seconds after an instant."""
    return F.timestamp_seconds(F.unix_seconds(moment) + seconds)


def day_of(world: World, moment: Column) -> Column:
    """The number of the local day of an instant; 0 is the world's first."""
    return F.date_diff(business_date(moment, world.time_zone), F.lit(world.start)).cast("long")


def within(world: World, moment: Column) -> Column:
    """Whether an instant lies in the world's days; nothing else is written."""
    return day_of(world, moment).between(0, world.days - 1)


def date_of(world: World, day: Column) -> Column:
    """The date of a day."""
    return F.date_add(F.lit(world.start), day.cast("int"))


def written(moment: Column) -> Column:
    """An instant in ISO 8601, in UTC: `2024-03-01T09:30:00Z`. The session's time zone is UTC."""
    return F.date_format(moment, "yyyy-MM-dd'T'HH:mm:ss'Z'")
