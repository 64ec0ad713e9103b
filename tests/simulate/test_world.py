"""What numbers make a world, and what is said of those that do not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from pipelines.errors import UsageError
from pipelines.simulate.world import OPENING, World

GOOD: dict[str, Any] = {"seed": 1, "households": 10, "start": date(2024, 3, 9), "days": 2, "stores": 2}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("households", 0, "greater than or equal to 1"),
        ("days", -3, "greater than or equal to 1"),
        ("days", 2.5, "integer"),
        ("seed", -1, "greater than or equal to 0"),
        ("products", 191, "greater than or equal to 192"),
        ("stores", 11, "11 shops for 10 households"),
        ("web", float("nan"), "finite"),
        ("mail", 1.1, "less than or equal to 1"),
        ("faults", 0.5, "less than or equal to 0.09"),
        ("start", date(1999, 12, 31), "2000-01-01"),
        ("citizens", 5, "not permitted"),
    ],
)
def test_a_number_that_cannot_be_is_named_with_its_limit(name: str, value: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        World.checked(**GOOD | {name: value})
    assert name in caught.value.message


def test_a_drop_comes_half_an_hour_into_the_next_local_day() -> None:
    world = World.checked(**GOOD, time_zone="America/New_York")
    assert world.drop_of(OPENING) == datetime(2024, 3, 9, 5, 30, tzinfo=UTC)
    assert world.drop_of(0) == datetime(2024, 3, 10, 5, 30, tzinfo=UTC)
    assert world.drop_of(1) == datetime(2024, 3, 11, 4, 30, tzinfo=UTC), "the clocks went forward on the 10th"
