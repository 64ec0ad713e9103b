"""Engagement, as mail providers and tills report it: what people did with what we sent them."""

from __future__ import annotations

from pipelines.lakehouse.types import INT, STRING, TIMESTAMP
from pipelines.landing.contract import Field, Source

SOURCE = Source(
    name="engagement",
    doc="One event of one message, from its sending to the rating of what was bought. It says by card, contact "
    "or message whom it concerns; one that says none of these is refused.",
    fields=(
        Field("event_id", STRING, "The provider's id of the event; unique within its day", required=True),
        Field(
            "kind",
            STRING,
            "`sent`, `delivered`, `deferred` (put off for now, and tried again), `dropped` (by the provider: it "
            "was never tried), `blocked` (refused for what it is or who sent it; the address may be good), "
            "`bounced`, `opened`, `clicked`, `complained`, `unsubscribed`, `resubscribed` (an unsubscription "
            "taken back), `rated` or `coupon_redeemed`",
            required=True,
        ),
        Field("occurred_at", TIMESTAMP, "When it happened, ISO 8601 with offset", required=True),
        Field("loyalty_card", STRING, "The recipient's card; missing: the contact or message tells"),
        Field("campaign_id", STRING, "The campaign; missing: the message tells, or it is of none"),
        Field("coupon_id", STRING, "The coupon redeemed; missing for other kinds"),
        Field("channel", STRING, "`direct_mail`, `email`, `sms` or `push`; missing: not told"),
        Field(
            "brand",
            STRING,
            "The group's brand that writes; missing: the campaign tells, or there is one",
        ),
        Field("email", STRING, "Address it was sent to; missing: not told", contact="email"),
        Field("phone", STRING, "Number it was sent to; missing: not told", contact="phone"),
        Field("message_id", STRING, "The provider's id of the one message; missing: not told"),
        Field("link", STRING, "Address of the link clicked; missing for other kinds"),
        Field(
            "mail_link_id",
            STRING,
            "Hashed id of the link, as the page that it leads to receives it; missing: links have none",
        ),
        Field(
            "sms_link_id",
            STRING,
            "The same of a text message's link; missing: it has none",
        ),
        Field("push_token", STRING, "Where a push message was sent to; missing: not told"),
        Field("product_id", STRING, "The good clicked or rated; missing: none, or not told"),
        Field("block", STRING, "The message's block that the link stands in; missing: not told"),
        Field("stars", INT, "Of a rating, from 1 to 5; missing for other kinds"),
        Field("text", STRING, "Of a rating, in the customer's words; missing: none were given"),
        Field("order_id", STRING, "The order rated; missing: a receipt is, or none"),
        Field("receipt_id", STRING, "The receipt rated; missing: an order is, or none"),
        Field("machine", STRING, "`true`: the provider holds a machine for the doer; missing: not told"),
    ),
)
