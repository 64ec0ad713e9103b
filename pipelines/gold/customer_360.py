"""One row per person with a purchase and business date: the person as that day's close saw them, with scores.

A daily snapshot, since recency and the scores age with every day. The scores are the classic quintiles of
recency, frequency and monetary value (Hughes, *Strategic Database Marketing*, 1994): 5 is the best fifth of
the people, 1 the weakest. A fifth is cut by rank, and equal values share the better score, so a score never
depends on how ties were broken.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.gold import customer_totals as gold_customer_totals
from pipelines.lakehouse.expectations import at_least, at_most
from pipelines.lakehouse.table import AS_OF, PERSON, Col, Snapshot, Table
from pipelines.lakehouse.types import DATE, INT, MONEY, STRING

SCORES = ("recency_score", "frequency_score", "monetary_score")

TABLE = Table(
    name="gold.customer_360",
    doc=__doc__,
    key=("as_of", "person_id"),
    scope=("as_of",),
    columns=(
        AS_OF,
        PERSON,
        Col("first_purchase_on", DATE, "Business day of the first sale receipt", nullable=False),
        Col("last_purchase_on", DATE, "Business day of the last sale receipt", nullable=False),
        Col("recency_days", INT, "Days from the last purchase to `as_of`", nullable=False),
        Col("purchase_days", INT, "Number of different days with a sale receipt", nullable=False),
        Col("receipts", INT, "Number of sale receipts", nullable=False),
        Col(
            "net_revenue",
            MONEY,
            "Paid over the whole history, less returns; in the business's currency",
            nullable=False,
        ),
        Col("average_receipt", MONEY, "`net_revenue / receipts`, rounded half up", nullable=False),
        Col("discount", MONEY, "Taken off over the whole history", nullable=False),
        Col(
            "favourite_store",
            STRING,
            "Most receipts; ties by revenue, then by the last day, then by id",
            nullable=False,
        ),
        Col("recency_score", INT, "Fifth by `recency_days`: 5 bought last, 1 longest ago", nullable=False),
        Col("frequency_score", INT, "Fifth by `receipts`: 5 most, 1 fewest", nullable=False),
        Col("monetary_score", INT, "Fifth by `net_revenue`: 5 most, 1 least", nullable=False),
    ),
    inputs=(gold_customer_totals.TABLE,),
    expect=(
        at_least("recency_days", 0),
        *(rule for score in SCORES for rule in (at_least(score, 1), at_most(score, 5))),
    ),
    write=Snapshot(),
)


def _fifth(value: Column) -> Column:
    """5 for the largest fifth: `5 - floor(5 * better / n)`, `better` being the people who stand higher."""
    everyone = Window.partitionBy("as_of")
    better = F.rank().over(everyone.orderBy(value.desc())) - 1
    return (F.lit(5) - F.floor(5 * better / F.count(F.lit(1)).over(everyone))).cast(INT)


def build(customer_totals: DataFrame, *, as_of: date) -> DataFrame:
    """Totals with the columns that age, as of one date."""
    totals = customer_totals.withColumn("as_of", F.lit(as_of)).withColumn(
        "recency_days", F.date_diff(F.lit(as_of), F.col("last_purchase_on")).cast(INT)
    )
    return totals.select(
        "as_of",
        "person_id",
        "first_purchase_on",
        "last_purchase_on",
        "recency_days",
        "purchase_days",
        "receipts",
        "net_revenue",
        F.round(F.col("net_revenue") / F.col("receipts"), 2).cast(MONEY).alias("average_receipt"),
        "discount",
        "favourite_store",
        _fifth(-F.col("recency_days")).alias("recency_score"),
        _fifth(F.col("receipts")).alias("frequency_score"),
        _fifth(F.col("net_revenue")).alias("monetary_score"),
    )
