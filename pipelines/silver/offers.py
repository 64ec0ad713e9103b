"""One row per good and day from which its price holds, as the latest record says; `silver.stock` says where it
lies.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame

from pipelines.bronze import records as bronze
from pipelines.lakehouse.expectations import at_least
from pipelines.lakehouse.table import LINEAGE, Col, Facts, Table
from pipelines.lakehouse.types import DATE, MONEY, STRING
from pipelines.landing.offers import SOURCE
from pipelines.silver.parse import parse

LATEST = Facts(unit=("valid_on", "product_id"), prefer=("arrived_at", "content_hash"))

TABLE = Table(
    name="silver.offers",
    doc=__doc__,
    key=("valid_on", "product_id"),
    scope=("valid_on",),
    columns=(
        Col("product_id", STRING, "The good; it need not be in the catalogue", nullable=False),
        Col(
            "valid_on",
            DATE,
            "The first day on which it holds; it holds until the good's next row",
            nullable=False,
        ),
        Col("price", MONEY, "Of one piece or kilogram, with VAT, in the business's currency", nullable=False),
        Col("old_price", MONEY, "The price struck through beside it; null: not reduced"),
        Col("url", STRING, "The good's page; null: not sold on-line"),
        *LINEAGE,
    ),
    inputs=(bronze.TABLES["offers"],),
    expect=(at_least("price", 0), at_least("old_price", 0)),
    write=LATEST,
)


def build(records: DataFrame, *, as_of: date) -> DataFrame:
    """One row per record, its stock still inside, with the reasons against it."""
    return parse(records, SOURCE)
