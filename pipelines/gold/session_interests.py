"""One row per visit of the date, kind of interest and value: what to rank a listing by, for whoever is just looking.

What is known of a visitor on the first visit is that visit: categories, brands and price bands of what was looked at
and put into the cart, seconds ago where ingest is continuous (the table is made in the stage `refine`). A good or
category counts once for each action, by the action's weight of `interests.actions`; `affinity` is the share of the
visit's weights of that kind. A daily snapshot of the visits that go on or end on its date; crawlers are left out. A
price is the one on offer on the date.

Example: who looked at two teas and put one of them into the cart has of 0.1 + 0.1 + 0.5 all in TEA: affinity 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.calc.interests import CART, PRICE_BAND, VIEW, ActionWeight, AttributeRule, as_term, band_of
from pipelines.gold import catalogue_terms as gold_catalogue_terms
from pipelines.gold.interest_profiles import places
from pipelines.lakehouse.expectations import at_least, at_most
from pipelines.lakehouse.table import AS_OF, Col, Input, Snapshot, Table
from pipelines.lakehouse.types import DOUBLE, INT, STRING, TIMESTAMP
from pipelines.silver import offers as silver_offers
from pipelines.silver import products as silver_products
from pipelines.silver import sessions as silver_sessions

_VISIT = ("session_id", "visitor_type", "visitor_value", "ended_at")

TABLE = Table(
    name="gold.session_interests",
    doc=__doc__,
    key=("as_of", "session_id", "kind", "value"),
    scope=("as_of",),
    columns=(
        AS_OF,
        Col("session_id", STRING, "The visit, as `silver.sessions` names it", nullable=False),
        Col("visitor_type", STRING, "`cookie`, or `login` where there is no cookie", nullable=False),
        Col("visitor_value", STRING, "That identifier, by which the site asks", nullable=False),
        Col("ended_at", TIMESTAMP, "The last event so far (UTC)", nullable=False),
        Col("kind", STRING, "As in `gold.interest_profiles`", nullable=False),
        Col("value", STRING, "As the catalogue spells it", nullable=False),
        Col("affinity", DOUBLE, "Share of the visit's acts of this kind, 0 to 1", nullable=False),
        Col("rank", INT, "1 for the strongest of this visit and kind; ties by name", nullable=False),
    ),
    inputs=(
        silver_sessions.TABLE,
        Input(silver_products.TABLE, whole=True),
        Input(silver_offers.TABLE, whole=True),
        Input(gold_catalogue_terms.TABLE, whole=True),
    ),
    params=("interests.actions", "interests.price_bands", "interests.attributes"),
    expect=(at_least("affinity", 0), at_most("affinity", 1)),
    write=Snapshot(),
)


def build(
    sessions: DataFrame,
    products: DataFrame,
    offers: DataFrame,
    catalogue_terms: DataFrame,
    *,
    as_of: date,
    actions: Sequence[ActionWeight],
    price_bands: Sequence[float],
    attributes: Sequence[AttributeRule],
) -> DataFrame:
    """The interests of each visit that has an event on the date."""
    today = F.lit(as_of)
    visits = sessions.where(~F.col("is_crawler") & (F.col("ended_on") == today))
    weights: dict[str, float] = {each.action: each.weight for each in actions}

    def acts(column: str, about: str, subject: Column, action: str) -> DataFrame:
        each = visits.select(*_VISIT, F.explode(column).alias("_each"))
        return each.select(
            *_VISIT,
            F.lit(about).alias("about"),
            subject.alias("subject"),
            F.lit(round(weights[action] * 1_000_000)).alias("weight"),
        )

    name = F.col("_each")
    done = (
        acts("products", "good", name, VIEW),
        acts("cart_products", "good", name, CART),
        acts("categories", "words", as_term(name), VIEW),
    )
    prices = (
        offers.where(F.col("valid_on") <= today)
        .groupBy(F.col("product_id").alias("subject"))
        .agg(F.max_by("price", "valid_on").alias("price"))
    )
    band = F.when(F.col("kind") == PRICE_BAND, band_of(F.col("price"), price_bands))
    found = (
        reduce(DataFrame.unionByName, done)
        .join(places(products, catalogue_terms, attributes), on=["about", "subject"], how="inner")
        .join(prices, on="subject", how="left")
        .withColumn("value", F.coalesce("value", band))
        .where(F.col("value").isNotNull())
        .groupBy(*_VISIT, "kind", "value")
        .agg(F.sum("weight").alias("weight"))
    )
    kind = Window.partitionBy("session_id", "kind")
    return found.withColumns(
        {
            "as_of": today,
            "affinity": F.col("weight").cast(DOUBLE) / F.sum("weight").over(kind).cast(DOUBLE),
            "rank": F.row_number().over(kind.orderBy(F.desc("weight"), "value")),
        }
    ).select(*TABLE.names)
