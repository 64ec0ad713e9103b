"""One row per month, metric and group: the figures that a retailer steers by, with what each is made of.

A long table, since metrics come by class, channel, identifier type or cohort, and a new one is a row and not a
column: `value` is `numerator / denominator`, or the numerator where there is no denominator. The month of the latest
day is not over. DuckDB sets metrics side by side:
`PIVOT (FROM gold.kpi_monthly WHERE member = 'all') ON metric USING sum(value) GROUP BY month`.

People count by their omnichannel class at the month's end: whoever has bought on-line and in a shop is `both`. Receipts
of nobody known are of the class `unidentified`, so that the classes sum to the whole revenue. Repeats and cohorts are
left-censored: what somebody bought before the data began, or without saying who they were, is not known.
"""

from __future__ import annotations

from datetime import date
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.gold import customer_totals as gold_customer_totals
from pipelines.gold import journeys as gold_journeys
from pipelines.gold import kpi_daily as gold_kpi_daily
from pipelines.gold import loyalty_ledger as gold_loyalty_ledger
from pipelines.gold import touchpoints as gold_touchpoints
from pipelines.gold.kpi_flows import flows
from pipelines.gold.kpi_metrics import CENSORED, METRICS, WIDE
from pipelines.gold.kpi_stocks import stocks
from pipelines.lakehouse.expectations import one_of
from pipelines.lakehouse.table import Col, Input, Table
from pipelines.lakehouse.types import BOOLEAN, DATE, DOUBLE, STRING
from pipelines.silver import channel_costs as silver_channel_costs
from pipelines.silver import person_identifiers as silver_person_identifiers

GROUPINGS = ("all", "identifier_type", "class", "cohort", "channel")

TABLE = Table(
    name="gold.kpi_monthly",
    doc=__doc__,
    key=("month", "metric", "grouping", "member"),
    scope=("month",),
    columns=(
        Col("month", DATE, "Its first day", nullable=False),
        Col(
            "metric", STRING, "; ".join(f"`{name}`: {says}" for name, says in METRICS.items()), nullable=False
        ),
        Col(
            "grouping",
            STRING,
            "What the member is one of: " + ", ".join(f"`{g}`" for g in GROUPINGS),
            nullable=False,
        ),
        Col(
            "member",
            STRING,
            "`all`, a type, a class, a month such as `2024-03`, or a channel",
            nullable=False,
        ),
        Col("numerator", WIDE, "A number, or an amount in the business's currency", nullable=False),
        Col("denominator", WIDE, "What it is a part or a multiple of; null: the numerator stands alone"),
        Col("value", DOUBLE, "`numerator / denominator`, or the numerator; null where the denominator is 0"),
        Col(
            "is_left_censored",
            BOOLEAN,
            "Purchases before the data or without a name would raise it",
            nullable=False,
        ),
    ),
    inputs=(
        Input(gold_kpi_daily.TABLE, whole=True),
        Input(gold_touchpoints.TABLE, whole=True),
        Input(silver_person_identifiers.TABLE, whole=True),
        Input(gold_customer_totals.TABLE, whole=True),
        Input(gold_journeys.TABLE, whole=True),
        Input(silver_channel_costs.TABLE, whole=True),
        Input(gold_loyalty_ledger.TABLE, whole=True),
    ),
    expect=(one_of("metric", tuple(METRICS)), one_of("grouping", GROUPINGS)),
    version=2,  # 2: a message whose channel is not told is a mail
)


def build(
    kpi_daily: DataFrame,
    touchpoints: DataFrame,
    person_identifiers: DataFrame,
    customer_totals: DataFrame,
    journeys: DataFrame,
    channel_costs: DataFrame,
    loyalty_ledger: DataFrame,
    *,
    as_of: date,
) -> DataFrame:
    """All metrics of all months with a purchase up to `as_of`; cheap, since it reads partials and roll-ups."""
    known = F.lit(as_of)
    days = kpi_daily.where(F.col("purchased_on") <= known)
    touches = touchpoints.where(F.col("touched_on") <= known)
    found = reduce(
        DataFrame.unionByName,
        (
            *flows(
                days,
                touches,
                person_identifiers,
                customer_totals,
                journeys.where(F.col("purchased_on") <= known),
                channel_costs.where(F.col("spent_on") <= known),
                loyalty_ledger.where(F.col("occurred_on") <= known),
            ),
            stocks(days, customer_totals),
        ),
    )
    numerator, denominator = F.col("numerator").cast(WIDE), F.col("denominator").cast(WIDE)
    ratio = F.when(denominator != 0, numerator.cast(DOUBLE) / denominator.cast(DOUBLE))
    return found.select(
        "month",
        "metric",
        "grouping",
        "member",
        F.coalesce(numerator, F.lit(0).cast(WIDE)).alias("numerator"),
        denominator.alias("denominator"),
        F.when(denominator.isNull(), numerator.cast(DOUBLE)).otherwise(ratio).alias("value"),
        F.col("metric").isin(*CENSORED).alias("is_left_censored"),
    )
