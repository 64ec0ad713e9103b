"""Business days and the close of the books, decided here and nowhere else.

`as_of` is the business date whose books are closed. A run of D knows what *arrived* before the close of D (an
hour of D + 1, so that the tills' last drops are in) and counts what *occurred* on D or before. Both
conditions hold at once, so a mail of D can never lean on a receipt of D + 1, even one that was there already.
"""

from __future__ import annotations

from datetime import UTC as _UTC
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pyspark.sql import Column
from pyspark.sql import functions as F


def business_date(instant: Column, time_zone: str) -> Column:
    """The calendar day of a UTC instant in the business's time zone; null gives null."""
    return F.to_date(F.from_utc_timestamp(instant, time_zone))


def years_between(born: Column, day: Column) -> Column:
    """Whole years from a birth date to a day; null of null. Born on 29 February one is a year older on 1 March.

    0 for whoever is born after it, by the clock of another zone.
    """
    had = F.month(day) * 100 + F.dayofmonth(day) >= F.month(born) * 100 + F.dayofmonth(born)
    years = F.year(day) - F.year(born) - F.when(had, 0).otherwise(1)
    return F.when(born > day, 0).otherwise(years).cast("int")


def books_close(as_of: date, time_zone: str, close_hour: int) -> datetime:
    """When the books of `as_of` close, in UTC: `close_hour` o'clock of the next day, local time.

    >>> books_close(date(2017, 12, 31), "America/New_York", 6).isoformat()
    '2018-01-01T11:00:00+00:00'
    """
    local = datetime.combine(as_of + timedelta(days=1), time(close_hour), tzinfo=ZoneInfo(time_zone))
    return local.astimezone(_UTC)


def books_open(instant: datetime, time_zone: str, close_hour: int) -> date:
    """The business date whose books are open at an instant: the first that closes after it.

    >>> books_open(datetime(2018, 1, 1, 10, 59, tzinfo=_UTC), "America/New_York", 6).isoformat()
    '2017-12-31'
    >>> books_open(datetime(2018, 1, 1, 11, 0, tzinfo=_UTC), "America/New_York", 6).isoformat()
    '2018-01-01'
    """
    day = instant.astimezone(ZoneInfo(time_zone)).date() - timedelta(days=1)
    while books_close(day, time_zone, close_hour) <= instant:
        day += timedelta(days=1)
    return day
