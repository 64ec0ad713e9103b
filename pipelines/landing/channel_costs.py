"""Channel costs, as the marketing team books them: what a day of a channel or campaign cost."""

from __future__ import annotations

from pipelines.lakehouse.types import DATE, LONG, MONEY, STRING
from pipelines.landing.contract import Field, Source

SOURCE = Source(
    name="channel_costs",
    doc="The cost of one channel and campaign on one day; a later record replaces an earlier one.",
    fields=(
        Field("spent_on", DATE, "The day", required=True),
        Field(
            "channel", STRING, "Such as `email`, `sms`, `push`, `paid_search` or `paid_social`", required=True
        ),
        Field("campaign_id", STRING, "The campaign; missing: the channel as a whole"),
        Field("cost", MONEY, "Paid, without VAT, in the business's currency", required=True),
        Field("messages", LONG, "Messages sent for it; missing: not a channel of messages"),
        Field("impressions", LONG, "Times an advertisement was shown; missing: not told"),
        Field("clicks", LONG, "Clicks paid for; missing: not told"),
    ),
)
