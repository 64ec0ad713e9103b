"""Weather, as a weather service sends it: what was measured, and what was forecast, by region and day."""

from __future__ import annotations

from pyspark.sql.types import DecimalType

from pipelines.lakehouse.types import DATE, INT, STRING
from pipelines.landing.contract import Field, Source

_DEGREES = DecimalType(6, 3)
_MILLIMETRES = DecimalType(7, 3)

SOURCE = Source(
    name="weather",
    doc="The weather of one region on one day, measured or forecast. The arrival says when it was known, so "
    "that a forecast is never mistaken for what was measured later.",
    fields=(
        Field("region", STRING, "The region, as `stores` spells it", required=True),
        Field("day", DATE, "The local day", required=True),
        Field("kind", STRING, "`measured` or `forecast`", required=True),
        Field("temperature", _DEGREES, "Mean of the day, in degrees Celsius; missing: not told"),
        Field("temperature_min", _DEGREES, "Lowest of the day, in degrees Celsius; missing: not told"),
        Field("temperature_max", _DEGREES, "Highest of the day, in degrees Celsius; missing: not told"),
        Field("precipitation", _MILLIMETRES, "Rain and melted snow, in millimetres; missing: not told"),
        Field("precipitation_chance", INT, "Of a forecast, in per cent; missing: measured, or not told"),
    ),
)
