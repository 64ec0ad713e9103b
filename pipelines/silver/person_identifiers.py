"""One row per identifier, with the person it belongs to.

For now each anchor identifier, in practice a loyalty card, is one person. A resolved identity graph will take
this table's place with the same columns, so a reader joins to it already: facts carry identifiers, and this
table alone says whose they are.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.lakehouse.table import PERSON, Col, Input, Table
from pipelines.lakehouse.types import STRING, TIMESTAMP
from pipelines.silver import customers as silver_customers
from pipelines.silver import engagement as silver_engagement
from pipelines.silver import receipts as silver_receipts

LOYALTY_CARD = "loyalty_card"
IDENTIFIER = ("identifier_type", "identifier_value")

TABLE = Table(
    name="silver.person_identifiers",
    doc=__doc__,
    key=IDENTIFIER,
    scope=("identifier_value",),
    columns=(
        Col("identifier_type", STRING, "`loyalty_card`, `phone` or `payment_token`", nullable=False),
        Col("identifier_value", STRING, "The identifier as the facts carry it", nullable=False),
        PERSON,
        Col(
            "known_from",
            TIMESTAMP,
            "When the first file that names this identifier arrived (UTC)",
            nullable=False,
        ),
    ),
    inputs=(
        Input(silver_receipts.TABLE, by={"identifier_value": "anchor_value"}),
        Input(silver_customers.TABLE, by={"identifier_value": "loyalty_card"}),
        Input(silver_engagement.TABLE, by={"identifier_value": "loyalty_card"}),
    ),
)


def person_id(identifier_type: Column, identifier_value: Column) -> Column:
    """The person that an identifier founds.

    `p` and 16 hex digits of its SHA-256; the same on every rebuild.
    """
    return F.concat(
        F.lit("p"), F.substring(F.sha2(F.concat_ws(":", identifier_type, identifier_value), 256), 1, 16)
    )


def build(receipts: DataFrame, customers: DataFrame, engagement: DataFrame, *, as_of: date) -> DataFrame:
    """Every anchor of a receipt and every card that a form or message names, with when it was first heard of."""
    card = F.lit(LOYALTY_CARD)
    heard = receipts.select("anchor_type", "anchor_value", "arrived_at")
    for named in (customers, engagement):
        heard = heard.unionByName(
            named.select(card.alias("anchor_type"), F.col("loyalty_card").alias("anchor_value"), "arrived_at")
        )
    return (
        heard.where(F.col("anchor_value").isNotNull())
        .groupBy(
            F.col("anchor_type").alias("identifier_type"), F.col("anchor_value").alias("identifier_value")
        )
        .agg(F.min("arrived_at").alias("known_from"))
        .select(
            "identifier_type",
            "identifier_value",
            person_id(F.col("identifier_type"), F.col("identifier_value")).alias("person_id"),
            "known_from",
        )
    )
