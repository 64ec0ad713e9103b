"""The days on which everybody bought a good, from gold's table: for models that look at persons, not at receipts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pyarrow as pa
from pyspark.sql import functions as F

from pipelines.models.als.features import offered, purchases
from pipelines.models.training import Reads

PRODUCT_DAYS, PERSONS, PRODUCTS = "gold.product_days", "silver.person_identifiers", "silver.products"
INPUTS = (PRODUCT_DAYS, PERSONS, PRODUCTS)
MAX_PERSONS = 20_000  # learned from on the driver; ids are hashes, so the first ones are a fair sample


def days_of(reads: Reads, end: date, never_offered: Sequence[str]) -> pa.Table:
    """`person_id, product_id, purchased_on` before `end`, of at most `MAX_PERSONS`; goods that may be offered."""
    days = purchases(reads[PRODUCT_DAYS].frame, reads[PERSONS].frame, as_of=end - timedelta(days=1))
    goods = offered(reads[PRODUCTS].frame, never_offered).select("product_id")
    persons = days.select("person_id").distinct().orderBy("person_id").limit(MAX_PERSONS)
    return (
        days.join(goods, on="product_id", how="left_semi")
        .join(F.broadcast(persons), on="person_id", how="left_semi")
        .toArrow()
    )
