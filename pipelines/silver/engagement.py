"""One row per event of a message: it was sent, or a coupon of it was redeemed."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.bronze import records as bronze
from pipelines.calc.time import business_date
from pipelines.lakehouse.expectations import one_of
from pipelines.lakehouse.reasons import Reason
from pipelines.lakehouse.refusal import Objection, refuse_if
from pipelines.lakehouse.table import LINEAGE, Col, Facts, Table
from pipelines.lakehouse.types import DATE, STRING, TIMESTAMP
from pipelines.landing.engagement import SOURCE
from pipelines.silver.parse import parse

TABLE = Table(
    name="silver.engagement",
    doc=__doc__,
    key=("occurred_on", "event_id"),
    scope=("occurred_on",),
    columns=(
        Col("event_id", STRING, "The provider's id; unique within its day", nullable=False),
        Col("occurred_on", DATE, "Business day", nullable=False),
        Col("occurred_at", TIMESTAMP, "When it happened (UTC)", nullable=False),
        Col("kind", STRING, "`sent` or `coupon_redeemed`", nullable=False),
        Col("loyalty_card", STRING, "The recipient", nullable=False),
        Col("campaign_id", STRING, "The campaign; it need not be in `silver.campaigns`", nullable=False),
        Col("coupon_id", STRING, "The coupon redeemed; null for other kinds"),
        *LINEAGE,
    ),
    inputs=(bronze.TABLES["engagement"],),
    params=("business.time_zone",),
    expect=(one_of("kind", ("sent", "coupon_redeemed")),),
    write=Facts(unit=("occurred_on", "event_id")),
)


def build(records: DataFrame, *, as_of: date, time_zone: str) -> DataFrame:
    """One row per record, with the reasons against it."""
    events = parse(records, SOURCE).withColumn("occurred_on", business_date(F.col("occurred_at"), time_zone))
    too_late = F.col("occurred_on") > business_date(F.col("arrived_at"), time_zone)
    return refuse_if(events, Objection(too_late, Reason.FUTURE, "occurred_at"))
