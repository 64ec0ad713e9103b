"""One row per ping of a device near a shop, of people who agreed to it."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame

from pipelines.bronze import records as bronze
from pipelines.lakehouse.expectations import at_least, at_most
from pipelines.lakehouse.table import LINEAGE, Col, Facts, Table
from pipelines.lakehouse.types import DATE, DOUBLE, INT, STRING, TIMESTAMP
from pipelines.landing.locations import SOURCE
from pipelines.silver import clock
from pipelines.silver.anchor import ANCHOR, anchored
from pipelines.silver.parse import parse

TABLE = Table(
    name="silver.locations",
    doc=__doc__,
    key=("occurred_on", "ping_id"),
    scope=("occurred_on",),
    columns=(
        Col("ping_id", STRING, "The app's id of the ping; unique within its day", nullable=False),
        Col("occurred_on", DATE, "Business day", nullable=False),
        Col("occurred_at", TIMESTAMP, "When it was measured (UTC)", nullable=False),
        clock.DAYS_LATE,
        *ANCHOR,
        Col("device_id", STRING, "The app's own id of the device", nullable=False),
        Col("consent_id", STRING, "The consent under which it was sent", nullable=False),
        Col("login", STRING, "The account signed in; null: nobody was"),
        Col("loyalty_card", STRING, "Card kept in the app; null: none is"),
        Col("latitude", DOUBLE, "Degrees north, WGS 84", nullable=False),
        Col("longitude", DOUBLE, "Degrees east, WGS 84", nullable=False),
        Col("accuracy_m", INT, "Radius of the 68 % circle, in metres; null: not told"),
        Col("store_id", STRING, "The shop whose fence it crossed; null: none"),
        *LINEAGE,
    ),
    inputs=(bronze.TABLES["locations"],),
    params=(*clock.PARAMS, "identity.anchors"),
    expect=(
        at_least("latitude", -90),
        at_most("latitude", 90),
        at_least("longitude", -180),
        at_most("longitude", 180),
        at_least("accuracy_m", 0),
    ),
    write=Facts(unit=("occurred_on", "ping_id")),
)


def build(
    records: DataFrame, *, as_of: date, time_zone: str, first_day: date, anchors: tuple[str, ...]
) -> DataFrame:
    """One row per record, with the reasons against it."""
    pings = clock.dated(
        parse(records, SOURCE), "occurred_on", "occurred_at", time_zone=time_zone, first_day=first_day
    )
    return anchored(pings, anchors)
