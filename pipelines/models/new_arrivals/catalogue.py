"""The goods that may be offered, what the catalogue says of their kind, and since when they are there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.models.als.features import offered

KINDS = ("category", "product_type", "brand")
"""Those of `attributes.ATTRIBUTES` that the catalogue has."""


def goods(
    product_days: DataFrame, products: DataFrame, *, as_of: date, never_offered: Sequence[str]
) -> DataFrame:
    """`product_id`, `KINDS`, `launched_on`: the day the good came into the catalogue, or the earlier one it was bought.

    Null: the catalogue does not tell, and nobody has bought it until `as_of`.
    """
    sold = (
        product_days.where((F.col("purchased_on") <= F.lit(as_of)) & (F.col("lines") > 0))
        .groupBy("product_id")
        .agg(F.min("purchased_on").alias("_sold_on"))
    )
    return (
        products.join(offered(products, never_offered).select("product_id"), on="product_id", how="left_semi")
        .join(sold, on="product_id", how="left")
        .select("product_id", *KINDS, F.least("first_seen_on", "_sold_on").alias("launched_on"))
    )
