"""Stores, as the retailer's master data sends them."""

from __future__ import annotations

from pipelines.lakehouse.types import DOUBLE, STRING
from pipelines.landing.contract import Field, Source

SOURCE = Source(
    name="stores",
    doc="One shop as it stands when it is sent; a later record replaces an earlier one.",
    fields=(
        Field("store_id", STRING, "The shop", required=True),
        Field("name", STRING, "What a customer reads; missing: the number is shown"),
        Field("brand", STRING, "The group's brand that it trades under; missing: the group has one"),
        Field("region", STRING, "Where it lies; missing: not known"),
        Field("time_zone", STRING, "IANA name, such as `America/New_York`; missing: the business's own"),
        Field("latitude", DOUBLE, "Degrees north, WGS 84; missing: not known"),
        Field("longitude", DOUBLE, "Degrees east, WGS 84; missing: not known"),
    ),
)
