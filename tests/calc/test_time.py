"""Business days end at midnight of the business's zone, and their books close some hours later."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from pipelines.calc.time import books_close, books_open


@pytest.mark.parametrize(
    ("day", "zone", "close"),
    [
        (date(2017, 12, 31), "America/New_York", datetime(2018, 1, 1, 11, tzinfo=UTC)),
        (
            date(2017, 3, 11),
            "America/New_York",
            datetime(2017, 3, 12, 10, tzinfo=UTC),
        ),  # the clocks went forward
        (date(2017, 11, 4), "America/New_York", datetime(2017, 11, 5, 11, tzinfo=UTC)),  # and back
        (date(2024, 2, 28), "UTC", datetime(2024, 2, 29, 6, tzinfo=UTC)),
    ],
)
def test_the_books_close_by_the_local_clock(day: date, zone: str, close: datetime) -> None:
    assert books_close(day, zone, 6) == close


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Auckland"])
def test_books_are_open_until_they_close_and_not_at_that_instant(zone: str) -> None:
    for day in (date(2017, 3, 11), date(2017, 11, 4), date(2017, 12, 31)):
        close = books_close(day, zone, 6)
        assert books_open(close - timedelta(seconds=1), zone, 6) == day
        assert books_open(close, zone, 6) == day + timedelta(days=1)
