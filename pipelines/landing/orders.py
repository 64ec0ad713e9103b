"""Orders, as the web shop sends them: one record for each state that an order takes."""

from __future__ import annotations

from pipelines.lakehouse.types import LONG, MONEY, QUANTITY, STRING, TIMESTAMP
from pipelines.landing.contract import Field, Source

SOURCE = Source(
    name="orders",
    doc="One order of the web shop as it stands when it is sent; a later record of the same order replaces an "
    "earlier one. A picked-up order is paid at a till, whose receipt names it: it is one purchase.",
    fields=(
        Field("order_id", STRING, "The order's number", required=True),
        Field("ordered_at", TIMESTAMP, "When it was placed, ISO 8601 with offset", required=True),
        Field("changed_at", TIMESTAMP, "When it came to stand so; missing: as it was placed"),
        Field("status", STRING, "`placed`, `paid`, `ready`, `fulfilled` or `cancelled`", required=True),
        Field("cancelled_at", TIMESTAMP, "When it was cancelled; missing: it was not"),
        Field("cancel_reason", STRING, "Why, in the shop's words; missing: not cancelled, or not told"),
        Field(
            "fulfilment",
            STRING,
            "`delivered_from_stock`, `delivered_from_shop` or `picked_up`; missing: not settled yet",
        ),
        Field("store_id", STRING, "The shop that delivers or hands out; missing: none does"),
        Field("receipt_id", STRING, "The till's receipt it was paid with; missing: paid on-line, or not yet"),
        Field("loyalty_card", STRING, "Card given; missing: none was"),
        Field("login", STRING, "The account it was placed from, never an address; missing: as a guest"),
        Field("cookie", STRING, "The browser it was placed from; missing: not told"),
        Field("email", STRING, "Address for the order's mails; missing: not given", contact="email"),
        Field("phone", STRING, "Number for the courier; missing: not given", contact="phone"),
        Field("payment_token", STRING, "The payment provider's token of the bank card; missing: none"),
        Field("points_spent", LONG, "Loyalty points paid with; missing: not told"),
        Field("delivery_amount", MONEY, "Paid for the delivery, with VAT; missing: nothing"),
        Field(
            "lines",
            STRING,
            "What was ordered; at least one",
            required=True,
            many=(
                Field("product_id", STRING, "The good", required=True),
                Field("quantity", QUANTITY, "Pieces, or kilograms; never negative", required=True),
                Field(
                    "net_amount",
                    MONEY,
                    "For the line, after discounts, with VAT; never negative",
                    required=True,
                ),
                Field("loyalty_discount", MONEY, "Taken off for the loyalty card; missing: nothing"),
                Field("coupon_discount", MONEY, "Taken off for coupons; missing: nothing"),
            ),
        ),
    ),
)
