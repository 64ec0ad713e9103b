"""Web events, as the shop's site or its analytics reports them: what somebody did on a page."""

from __future__ import annotations

from pipelines.lakehouse.types import INT, MONEY, QUANTITY, STRING, TIMESTAMP
from pipelines.landing.contract import Field, Source

_GOODS = (
    Field("product_id", STRING, "The good", required=True),
    Field("quantity", QUANTITY, "Pieces, or kilograms of weighed goods; missing: one, or not told"),
    Field("price", MONEY, "Of one piece, with VAT, after discounts; missing: not told"),
)
_SHOWN = (
    Field("product_id", STRING, "The good shown", required=True),
    Field("block", STRING, "The list or block it was shown in; missing: not told"),
    Field("slot", INT, "Its place in the block, counted as the sender counts; missing: not told"),
    Field("price", MONEY, "The price shown; missing: not told"),
)

SOURCE = Source(
    name="web_events",
    doc="One event of one visitor: a page was opened, a good was looked at, an order was placed. Sent by the "
    "site's tag or by its analytics; a later record never replaces an earlier one.",
    fields=(
        Field("event_id", STRING, "The sender's id of the event; unique within its day", required=True),
        Field(
            "kind",
            STRING,
            "`page_view`, `category_view`, `product_view`, `search`, `cart`, `purchase`, `login` or `subscribe`; "
            "any other is kept under its own name, as a sign of activity",
            required=True,
        ),
        Field("occurred_at", TIMESTAMP, "When it happened, ISO 8601 with offset", required=True),
        Field("cookie", STRING, "The browser's own id; missing: no consent was given"),
        Field("login", STRING, "The account signed in, never an address; missing: nobody was"),
        Field(
            "login_by",
            STRING,
            "How the account was signed in: `password`, `code`, or `link` (by a message's link alone, which may have "
            "been passed on); missing: not told",
        ),
        Field("email", STRING, "Address given or signed in with; missing: none", contact="email"),
        Field("phone", STRING, "Number given or signed in with; missing: none", contact="phone"),
        Field("mail_link_id", STRING, "Hashed id of the mail's link that led here; missing: none did"),
        Field("sms_link_id", STRING, "Hashed id of the text message's link that led here; missing: none did"),
        Field("push_token", STRING, "Where the browser takes push messages; missing: nowhere"),
        Field("brand", STRING, "The group's brand whose site it is; missing: the group has one"),
        Field("url", STRING, "Address of the page; missing: not told"),
        Field("referrer", STRING, "Address of the page before it; missing: none, or withheld"),
        Field("utm_source", STRING, "The link's `utm_source`; missing: untagged"),
        Field("utm_medium", STRING, "The link's `utm_medium`; missing: untagged"),
        Field("utm_campaign", STRING, "The link's `utm_campaign`; missing: untagged"),
        Field("utm_content", STRING, "The link's `utm_content`; missing: untagged"),
        Field("utm_term", STRING, "The link's `utm_term`; missing: untagged"),
        Field("user_agent", STRING, "What the browser calls itself; missing: not told"),
        Field(
            "device",
            STRING,
            "`phone`, `tablet`, `desktop`, `tv` or `other`, as the sender holds; missing: the user agent tells",
        ),
        Field("region", STRING, "Where the visitor is, by the sender's own names; missing: not told"),
        Field("category_id", STRING, "The category looked at; missing for other kinds"),
        Field("search_text", STRING, "What was searched for; missing for other kinds"),
        Field("order_id", STRING, "The order placed; missing for other kinds"),
        Field("lines", STRING, "Goods looked at, put in the cart or bought; missing: none", many=_GOODS),
        Field("test_id", STRING, "The on-site test the visitor is in; missing: none"),
        Field("test_arm", STRING, "The arm of that test; missing: none"),
        Field("impressions", STRING, "Goods shown on the page; missing: not told", many=_SHOWN),
    ),
)
