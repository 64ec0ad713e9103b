"""One row per good, day and place where it lies from that day on, as the latest offer of the good says.

A place of a refused offer is refused with it, and one that its offer names twice. An offer without stock gives
no row: it was not told.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.lakehouse.expectations import at_least
from pipelines.lakehouse.reasons import Reason
from pipelines.lakehouse.refusal import Objection, flag, refuse_if
from pipelines.lakehouse.table import LINEAGE, Col, Table
from pipelines.lakehouse.types import DATE, QUANTITY, STRING
from pipelines.landing.offers import SOURCE
from pipelines.silver import offers as silver_offers
from pipelines.silver.parse import explode_items

STOCK = next(field for field in SOURCE.fields if field.name == "stock")

TABLE = Table(
    name="silver.stock",
    doc=__doc__,
    key=("valid_on", "product_id", "store_id"),
    scope=("valid_on",),
    columns=(
        Col("product_id", STRING, "The good", nullable=False),
        Col("store_id", STRING, "The shop or warehouse", nullable=False),
        Col(
            "valid_on",
            DATE,
            "The first day on which it holds; it holds until the good's next row",
            nullable=False,
        ),
        Col("quantity", QUANTITY, "Pieces or kilograms on hand; 0: sold out", nullable=False),
        *LINEAGE,
    ),
    inputs=silver_offers.TABLE.inputs,
    expect=(at_least("quantity", 0),),
    write=silver_offers.LATEST,
)


def build(records: DataFrame, *, as_of: date) -> DataFrame:
    """One row per place of every record that could be read, with the reasons against it."""
    offers = flag(silver_offers.build(records, as_of=as_of), silver_offers.TABLE)
    named = F.transform(STOCK.name, lambda each: each["store_id"])
    places = explode_items(offers.withColumn("_places", named), STOCK)
    again = F.size(F.filter("_places", lambda place: place == F.col("store_id"))) > 1
    return refuse_if(
        places,
        Objection(again, Reason.NAMED_TWICE, "store_id"),
        Objection(F.size("_parent_reasons") > 0, Reason.OFFER_REFUSED, "product_id"),
    )
