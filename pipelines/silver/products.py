"""One row per product of the catalogue, as its latest record says."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame

from pipelines.bronze import records as bronze
from pipelines.lakehouse.table import LINEAGE, Col, Facts, Table
from pipelines.lakehouse.types import STRING
from pipelines.landing.products import SOURCE
from pipelines.silver.parse import parse

TABLE = Table(
    name="silver.products",
    doc=__doc__,
    key=("product_id",),
    scope=("product_id",),
    columns=(
        Col("product_id", STRING, "The good", nullable=False),
        Col("title", STRING, "What a customer reads; missing: the type is shown"),
        Col("department", STRING, "First level of the category path"),
        Col("category", STRING, "Second level of the category path"),
        Col("product_type", STRING, "Third level of the category path"),
        Col("brand", STRING, "The brand"),
        Col("manufacturer_id", STRING, "Who makes it"),
        Col("package_size", STRING, "As printed, such as `16 OZ`"),
        *LINEAGE,
    ),
    inputs=(bronze.TABLES["products"],),
    write=Facts(unit=("product_id",), prefer=("arrived_at", "content_hash")),
)


def build(records: DataFrame, *, as_of: date) -> DataFrame:
    """One row per record, with the reasons against it."""
    return parse(records, SOURCE)
