"""Offers, as the price list and the stock ledger send them: what a good costs, and where it lies."""

from __future__ import annotations

from pipelines.lakehouse.types import DATE, MONEY, QUANTITY, STRING
from pipelines.landing.contract import Field, Source

SOURCE = Source(
    name="offers",
    doc="The price of one good, and its stock by shop, from a day on; a later record of the same good and day "
    "replaces an earlier one.",
    fields=(
        Field("product_id", STRING, "The good", required=True),
        Field("valid_on", DATE, "The first day on which it holds", required=True),
        Field("price", MONEY, "Of one piece or kilogram, with VAT", required=True),
        Field("old_price", MONEY, "The price struck through beside it; missing: not reduced"),
        Field("url", STRING, "The good's page; missing: not sold on-line"),
        Field(
            "stock",
            STRING,
            "Where it lies; missing: not told",
            many=(
                Field("store_id", STRING, "The shop or warehouse", required=True),
                Field("quantity", QUANTITY, "Pieces or kilograms on hand; 0: sold out", required=True),
            ),
        ),
    ),
)
