"""Promotions, as category management plans them: what is cheaper, where, when and on what terms."""

from __future__ import annotations

from pipelines.lakehouse.types import DATE, STRING
from pipelines.landing.contract import Field, Source

SOURCE = Source(
    name="promotions",
    doc="One promotion as it stands when it is sent; a later record replaces an earlier one.",
    fields=(
        Field("promotion_id", STRING, "The promotion", required=True),
        Field("name", STRING, "What people call it", required=True),
        Field("starts_on", DATE, "First day", required=True),
        Field("ends_on", DATE, "Last day; missing: open"),
        Field("terms", STRING, "What a customer must do and gets, as printed; missing: a lower price"),
        Field(
            "brands",
            STRING,
            "Brands in it; missing: not by brand",
            many=(Field("brand", STRING, "The brand, as the catalogue spells it", required=True),),
        ),
        Field(
            "products",
            STRING,
            "Goods in it; missing: not by good",
            many=(Field("product_id", STRING, "The good", required=True),),
        ),
        Field(
            "stores",
            STRING,
            "Shops it holds in; missing: all of them",
            many=(Field("store_id", STRING, "The shop", required=True),),
        ),
    ),
)
