"""One row per campaign, as its latest record says."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.bronze import records as bronze
from pipelines.lakehouse.expectations import in_order, one_of
from pipelines.lakehouse.table import LINEAGE, Col, Facts, Table
from pipelines.lakehouse.types import DATE, STRING
from pipelines.landing.campaigns import SOURCE
from pipelines.silver.parse import parse

TABLE = Table(
    name="silver.campaigns",
    doc=__doc__,
    key=("campaign_id",),
    scope=("campaign_id",),
    columns=(
        Col("campaign_id", STRING, "The campaign", nullable=False),
        Col("name", STRING, "What people call it", nullable=False),
        Col("channel", STRING, "`direct_mail`, `email`, `sms` or `push`", nullable=False),
        Col("brand", STRING, "The group's brand in whose name it is sent; null: the group has one"),
        Col("starts_on", DATE, "First day", nullable=False),
        Col("ends_on", DATE, "Last day; missing: open"),
        *LINEAGE,
    ),
    inputs=(bronze.TABLES["campaigns"],),
    expect=(one_of("channel", ("direct_mail", "email", "sms", "push")), in_order("starts_on", "ends_on")),
    write=Facts(unit=("campaign_id",), prefer=("arrived_at", "content_hash")),
)


def build(records: DataFrame, *, as_of: date) -> DataFrame:
    """One row per record, with the reasons against it."""
    return parse(records, SOURCE)


def branded(messages: DataFrame, campaigns: DataFrame) -> DataFrame:
    """The messages with the `brand` that they are of: their own, else their campaign's; null: the group has one."""
    senders = campaigns.select("campaign_id", F.col("brand").alias("_brand"))  # one row a campaign
    found = messages.join(F.broadcast(senders), on="campaign_id", how="left")
    return found.withColumn("brand", F.coalesce("brand", "_brand")).drop("_brand")
