"""Weather, as a weather service sends it: what was measured, and what was forecast, by region and day."""

from __future__ import annotations

from pipelines.lakehouse.types import DATE, DEGREES, INT, MILLIMETRES, STRING
from pipelines.landing.contract import Field, Source

SOURCE = Source(
    name="weather",
    doc="The weather of one region on one day, measured or forecast. The arrival says when it was known, so "
    "that a forecast is never mistaken for what was measured later.",
    fields=(
        Field("region", STRING, "The region, as `stores` spells it", required=True),
        Field("day", DATE, "The local day", required=True),
        Field("kind", STRING, "`measured` or `forecast`", required=True),
        Field("temperature", DEGREES, "Mean of the day, in degrees Celsius; missing: not told"),
        Field("temperature_min", DEGREES, "Lowest of the day, in degrees Celsius; missing: not told"),
        Field("temperature_max", DEGREES, "Highest of the day, in degrees Celsius; missing: not told"),
        Field("precipitation", MILLIMETRES, "Rain and melted snow, in millimetres; missing: not told"),
        Field("precipitation_chance", INT, "Of a forecast, in per cent; missing: measured, or not told"),
    ),
)
