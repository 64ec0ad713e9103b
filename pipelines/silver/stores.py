"""One row per shop, as its latest record says."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame

from pipelines.bronze import records as bronze
from pipelines.lakehouse.expectations import at_least, at_most
from pipelines.lakehouse.table import LINEAGE, Col, Facts, Table
from pipelines.lakehouse.types import DOUBLE, STRING
from pipelines.landing.stores import SOURCE
from pipelines.silver.parse import parse

TABLE = Table(
    name="silver.stores",
    doc=__doc__,
    key=("store_id",),
    scope=("store_id",),
    columns=(
        Col("store_id", STRING, "The shop", nullable=False),
        Col("name", STRING, "What a customer reads; missing: the number is shown"),
        Col("brand", STRING, "The group's brand that it trades under; null: the group has one"),
        Col("region", STRING, "Where it lies; missing: not known"),
        Col("time_zone", STRING, "IANA name, such as `America/New_York`; missing: the business's own"),
        Col("latitude", DOUBLE, "Degrees north, WGS 84; null: not known"),
        Col("longitude", DOUBLE, "Degrees east, WGS 84; null: not known"),
        *LINEAGE,
    ),
    inputs=(bronze.TABLES["stores"],),
    expect=(
        at_least("latitude", -90),
        at_most("latitude", 90),
        at_least("longitude", -180),
        at_most("longitude", 180),
    ),
    write=Facts(unit=("store_id",), prefer=("arrived_at", "content_hash")),
)


def build(records: DataFrame, *, as_of: date) -> DataFrame:
    """One row per record, with the reasons against it."""
    return parse(records, SOURCE)
