"""One row per day, channel and campaign that cost something, as its latest record says."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.bronze import records as bronze
from pipelines.lakehouse.expectations import at_least
from pipelines.lakehouse.table import LINEAGE, Col, Facts, Table
from pipelines.lakehouse.types import DATE, LONG, MONEY, STRING
from pipelines.landing.channel_costs import SOURCE
from pipelines.silver.parse import PARSED, parse

WHOLE_CHANNEL = "-"

TABLE = Table(
    name="silver.channel_costs",
    doc=__doc__,
    key=("spent_on", "channel", "campaign_id"),
    scope=("spent_on",),
    columns=(
        Col("spent_on", DATE, "The day", nullable=False),
        Col(
            "channel",
            STRING,
            "Such as `email`, `sms`, `push`, `paid_search` or `paid_social`",
            nullable=False,
        ),
        Col(
            "campaign_id", STRING, f"The campaign; `{WHOLE_CHANNEL}`: the channel as a whole", nullable=False
        ),
        Col("cost", MONEY, "Paid, without VAT, in the business's currency", nullable=False),
        Col("messages", LONG, "Messages sent for it; null: not a channel of messages"),
        Col("impressions", LONG, "Times an advertisement was shown; null: not told"),
        Col("clicks", LONG, "Clicks paid for; null: not told"),
        *LINEAGE,
    ),
    inputs=(bronze.TABLES["channel_costs"],),
    expect=tuple(at_least(column, 0) for column in ("cost", "messages", "impressions", "clicks")),
    write=Facts(unit=("spent_on", "channel", "campaign_id"), prefer=("arrived_at", "content_hash")),
)


def build(records: DataFrame, *, as_of: date) -> DataFrame:
    """One row per record, with the reasons against it."""
    costs = parse(records, SOURCE)
    whole = F.when(F.col(PARSED), F.lit(WHOLE_CHANNEL))
    return costs.withColumn("campaign_id", F.coalesce("campaign_id", whole))
