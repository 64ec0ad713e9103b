"""Locations, as the retailer's app sends them: where a device was, of people who agreed to it."""

from __future__ import annotations

from pipelines.lakehouse.types import DOUBLE, INT, STRING, TIMESTAMP
from pipelines.landing.contract import Field, Source

SOURCE = Source(
    name="locations",
    doc="One ping of a device near a shop. Only of people who opted in: a ping without the consent's id is "
    "refused.",
    fields=(
        Field("ping_id", STRING, "The app's id of the ping; unique within its day", required=True),
        Field("occurred_at", TIMESTAMP, "When it was measured, ISO 8601 with offset", required=True),
        Field("device_id", STRING, "The app's own id of the device", required=True),
        Field("consent_id", STRING, "The consent under which it was sent", required=True),
        Field("login", STRING, "The account signed in, never an address; missing: nobody was"),
        Field("loyalty_card", STRING, "Card kept in the app; missing: none is"),
        Field("latitude", DOUBLE, "Degrees north, WGS 84", required=True),
        Field("longitude", DOUBLE, "Degrees east, WGS 84", required=True),
        Field("accuracy_m", INT, "Radius of the 68 % circle, in metres; missing: not told"),
        Field("store_id", STRING, "The shop whose fence it crossed; missing: none"),
    ),
)
