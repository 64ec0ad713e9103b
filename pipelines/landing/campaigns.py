"""Campaigns, as the marketing team plans them."""

from __future__ import annotations

from pipelines.lakehouse.types import DATE, STRING
from pipelines.landing.contract import Field, Source

SOURCE = Source(
    name="campaigns",
    doc="One campaign as it stands when it is sent; a later record replaces an earlier one.",
    fields=(
        Field("campaign_id", STRING, "The campaign", required=True),
        Field("name", STRING, "What people call it", required=True),
        Field("channel", STRING, "`direct_mail`, `email`, `sms` or `push`", required=True),
        Field("brand", STRING, "The group's brand in whose name it is sent; missing: the group has one"),
        Field("starts_on", DATE, "First day", required=True),
        Field("ends_on", DATE, "Last day; missing: open"),
    ),
)
