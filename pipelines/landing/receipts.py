"""Receipts, as tills drop them: one record a receipt, its lines inside."""

from __future__ import annotations

from pipelines.lakehouse.types import LONG, MONEY, QUANTITY, STRING, TIMESTAMP
from pipelines.landing.contract import Field, Source

SOURCE = Source(
    name="receipts",
    doc="One receipt of a till: a sale, or a return of goods. Sent by the till when the receipt is closed.",
    fields=(
        Field(
            "receipt_no",
            STRING,
            "The number the till printed; unique within store, till and day",
            required=True,
        ),
        Field("store_id", STRING, "The shop", required=True),
        Field("till_id", STRING, "The till in the shop; missing where a shop has one number for all"),
        Field("kind", STRING, "`sale` or `return`; missing: a sale"),
        Field(
            "purchased_at",
            TIMESTAMP,
            "The till's clock, ISO 8601; without an offset it is of the shop's time zone",
            required=True,
            local=True,
        ),
        Field("loyalty_card", STRING, "Number of the card shown; missing: none was"),
        Field("phone", STRING, "Phone dictated at the till; missing: none was", contact="phone"),
        Field("email", STRING, "Address dictated at the till; missing: none was", contact="email"),
        Field(
            "payment_token",
            STRING,
            "The payment provider's token of the bank card; missing: cash or not given",
        ),
        Field("order_id", STRING, "The web shop's order that was picked up; missing: it is no pick-up"),
        Field("points_earned", LONG, "Loyalty points earned; missing: not told"),
        Field("points_spent", LONG, "Loyalty points paid with; missing: not told"),
        Field(
            "returns_receipt",
            STRING,
            "Of a return: store, till, number and day of the receipt it takes back, joined by `/`; missing: a "
            "sale, or a return without its receipt",
        ),
        Field(
            "lines",
            STRING,
            "What was bought, in the printed order; at least one",
            required=True,
            many=(
                Field("product_id", STRING, "The good", required=True),
                Field(
                    "quantity",
                    QUANTITY,
                    "Pieces, or kilograms of weighed goods; never negative",
                    required=True,
                ),
                Field(
                    "net_amount",
                    MONEY,
                    "Paid for the line, after discounts, with VAT; never negative",
                    required=True,
                ),
                Field("loyalty_discount", MONEY, "Taken off for the loyalty card; missing: nothing"),
                Field("coupon_discount", MONEY, "Taken off for coupons; missing: nothing"),
            ),
        ),
    ),
)
