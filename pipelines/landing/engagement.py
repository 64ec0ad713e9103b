"""Engagement, as mail providers and tills report it: what people did with what we sent them."""

from __future__ import annotations

from pipelines.lakehouse.types import STRING, TIMESTAMP
from pipelines.landing.contract import Field, Source

SOURCE = Source(
    name="engagement",
    doc="One event of one message: it was sent, or a coupon of it was redeemed.",
    fields=(
        Field("event_id", STRING, "The provider's id of the event; unique within its day", required=True),
        Field("kind", STRING, "`sent` or `coupon_redeemed`", required=True),
        Field("occurred_at", TIMESTAMP, "When it happened, ISO 8601 with offset", required=True),
        Field("loyalty_card", STRING, "The recipient", required=True),
        Field("campaign_id", STRING, "The campaign", required=True),
        Field("coupon_id", STRING, "The coupon redeemed; missing for other kinds"),
        Field("channel", STRING, "`direct_mail`, `email`, `sms` or `push`; missing: not told"),
        Field("email", STRING, "Address it was sent to; missing: not told", contact="email"),
        Field("phone", STRING, "Number it was sent to; missing: not told", contact="phone"),
        Field("message_id", STRING, "The provider's id of the one message; missing: not told"),
        Field("link", STRING, "Address of the link clicked; missing for other kinds"),
        Field("machine", STRING, "`true`: the provider holds a machine for the doer; missing: not told"),
    ),
)
