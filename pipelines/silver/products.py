"""One row per product of the catalogue, as its latest record says."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame

from pipelines.bronze import records as bronze
from pipelines.lakehouse.expectations import at_least
from pipelines.lakehouse.table import LINEAGE, Col, Facts, Table
from pipelines.lakehouse.types import DATE, DEGREES, INT, QUANTITY, STRING
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
        Col("pack_quantity", QUANTITY, "Pieces in one pack; null: not told"),
        Col(
            "size_label", STRING, "Size or step of a good that a person grows out of; null: none, or not told"
        ),
        Col("age_from_months", INT, "Youngest age it is for; null: for any"),
        Col("age_to_months", INT, "Oldest age it is for; null: for any"),
        Col(
            "suits_from_degrees",
            DEGREES,
            "Least mean of a day, in degrees Celsius, that it is for; null: any",
        ),
        Col("suits_to_degrees", DEGREES, "Highest such mean; null: any"),
        Col("image_url", STRING, "Address of its picture; null: a message shows a placeholder"),
        Col("first_seen_on", DATE, "Day it came into the catalogue; null: not known"),
        *LINEAGE,
    ),
    inputs=(bronze.TABLES["products"],),
    expect=(at_least("pack_quantity", 0), at_least("age_from_months", 0), at_least("age_to_months", 0)),
    write=Facts(unit=("product_id",), prefer=("arrived_at", "content_hash")),
)


def build(records: DataFrame, *, as_of: date) -> DataFrame:
    """One row per record, with the reasons against it."""
    return parse(records, SOURCE)
