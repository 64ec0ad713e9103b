"""The lines that models learn from which look at whole receipts, from silver's tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.models.als.features import offered
from pipelines.models.lines import netted
from pipelines.models.training import Reads
from pipelines.silver.person_identifiers import IDENTIFIER, current

RECEIPTS, LINES = "silver.receipts", "silver.receipt_lines"
PERSONS, PRODUCTS = "silver.person_identifiers", "silver.products"
INPUTS = (RECEIPTS, LINES, PERSONS, PRODUCTS)


def lines_of(reads: Reads, end: date, never_offered: Sequence[str]) -> DataFrame:
    """`lines.COLUMNS` of the receipts of days before `end`: goods that may be offered, net of returns.

    Receipts of nobody known are among them, with a null.
    """
    goods = offered(reads[PRODUCTS].frame, never_offered).select("product_id")
    persons = current(reads[PERSONS].frame).withColumnRenamed("person_id", "customer_id")
    anchors = [F.col(f"anchor_{part}").alias(f"identifier_{part}") for part in ("type", "value")]
    owners = (
        reads[RECEIPTS]
        .frame.select("receipt_id", *anchors)
        .join(persons, on=list(IDENTIFIER), how="left")
        .select("receipt_id", "customer_id")
    )
    lines = (
        reads[LINES]
        .frame.join(goods, on="product_id", how="left_semi")
        .join(owners, on="receipt_id", how="left")
        .select(
            "customer_id",
            F.col("receipt_id").alias("basket_id"),
            F.col("purchased_on").alias("purchased_at"),
            "product_id",
            F.col("quantity").cast("double").alias("quantity"),
        )
    )
    return netted(lines, as_of=end)


def sampled(known: DataFrame, most: int) -> pa.Table:
    """All lines, or those of a share of the receipts that are `most` in the mean."""
    count = known.count()
    share = F.pmod(F.xxhash64("basket_id"), F.lit(1_000_000)) < F.lit(
        max(1, 1_000_000 * most // max(count, 1))
    )
    return (known if count <= most else known.where(share)).toArrow()  # bounded by `most`
