"""One row per promotion, as its latest record says: what is cheaper, where, when and on what terms."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType

from pipelines.bronze import records as bronze
from pipelines.lakehouse.expectations import in_order
from pipelines.lakehouse.refusal import refuse_if
from pipelines.lakehouse.table import LINEAGE, Col, Facts, Table
from pipelines.lakehouse.types import DATE, STRING
from pipelines.landing.promotions import SOURCE
from pipelines.silver.parse import against_items, listed, parse

LISTS = {field.name: field for field in SOURCE.fields if field.many}
NAMES = ArrayType(STRING)

TABLE = Table(
    name="silver.promotions",
    doc=__doc__,
    key=("promotion_id",),
    scope=("promotion_id",),
    columns=(
        Col("promotion_id", STRING, "The promotion", nullable=False),
        Col("name", STRING, "What people call it", nullable=False),
        Col("starts_on", DATE, "First day", nullable=False),
        Col("ends_on", DATE, "Last day; null: open"),
        Col("terms", STRING, "What a customer must do and gets, as printed; null: a lower price"),
        Col("brands", NAMES, "Brands in it, as the catalogue spells them; null: not by brand"),
        Col("products", NAMES, "Goods in it, by `product_id`; null: not by good"),
        Col("stores", NAMES, "Shops it holds in, by `store_id`; null: all of them"),
        *LINEAGE,
    ),
    inputs=(bronze.TABLES["promotions"],),
    expect=(in_order("starts_on", "ends_on"),),
    write=Facts(unit=("promotion_id",), prefer=("arrived_at", "content_hash")),
)


def build(records: DataFrame, *, as_of: date) -> DataFrame:
    """One row per record, with the reasons against it; one bad name refuses its promotion."""
    against = [objection for field in LISTS.values() for objection in against_items(field)]
    promotions = refuse_if(parse(records, SOURCE), *against)
    names = {name: listed(field) for name, field in LISTS.items()}
    return promotions.withColumns({name: F.when(F.size(each) > 0, each) for name, each in names.items()})
