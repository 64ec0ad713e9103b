"""What is normal for a season: the same weeks of earlier years, else the last four weeks, else nothing."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from pyspark.sql import SparkSession

from pipelines.gold.weather_normals import normals
from pipelines.silver import weather
from tests.gold.people import rows

pytestmark = pytest.mark.spark
AS_OF = date(2024, 3, 15)


def test_the_normal_is_of_the_season_or_else_of_the_last_weeks(spark: SparkSession) -> None:
    """North: 8 days of two earlier years at 2 and 4 degrees; south: 7 days lately at 9; west: 6 days, too few."""

    def measured(region: str, day: date, degrees: int, *, known: date | None = None) -> dict[str, object]:
        return {
            "region": region,
            "day": day,
            "kind": "measured",
            "known_on": known or day,
            "temperature": Decimal(degrees),
        }

    given = [
        *(measured("north", date(2023, 3, 12) + timedelta(n), 2) for n in range(4)),
        *(measured("north", date(2022, 3, 12) + timedelta(n), 4) for n in range(4)),
        *(measured("north", date(2023, 7, 12) + timedelta(n), 30) for n in range(9)),
        *(measured("north", AS_OF - timedelta(n), 20) for n in range(9)),
        *(measured("south", AS_OF - timedelta(n), 9) for n in range(7)),
        measured("south", AS_OF, 99, known=AS_OF + timedelta(1)),
        *(measured("west", AS_OF - timedelta(n), 9) for n in range(6)),
    ]
    found = normals(rows(spark, weather.TABLE, given), AS_OF + timedelta(1), AS_OF).collect()
    assert {row["region"]: row["normal_temperature"] for row in found} == {
        "north": 3.0,
        "south": 9.0,
        "west": None,
    }
    assert {row["normal_precipitation"] for row in found} == {None}
