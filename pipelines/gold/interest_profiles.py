"""One row per person, kind of interest and value: how much of the person's interest goes there, and how far it went.

Kinds are the levels of the catalogue (`department`, `category`, `product_type`, `brand`), `price_band`, and the
attributes that `interests.attributes` finds on goods, such as `child_age`. Each day on which a person does something
with a good (or, by its name, with a category or brand) counts once for each action. A day's act weighs
`weight * 2 ** (-(last_day - day) / half_life)`, with the action's weight and half-life, counted back from the last day
on which the person did anything. `affinity` is the weights' share of all of the same person and kind, so the
affinities of a person and kind sum to one (to rounding). The day of reference is the person's own, so nothing changes
because a day goes by, and the table is not a snapshot; how stale an interest is, `last_on` says. Weights are whole
numbers (`calc.decay`), so that their sum is the same in any order.

What a child's goods say of its age stands here, as interest; what the loyalty form says stands with the person.

Example: with half-lives of 90 days and weights of 1 for a purchase and 0.1 for a view, who bought tea on the last day
and looked at coffee 90 days before has 1 and 0.05: affinities 0.952 and 0.048.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import reduce
from operator import add

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.calc.interests import (
    CART,
    LEVELS,
    MAIL_CLICK,
    PRICE_BAND,
    PURCHASE,
    SEARCH,
    STAGES,
    VIEW,
    ActionWeight,
    AttributeRule,
    act_weight,
    attribute_values,
    band_of,
    stage_of,
)
from pipelines.gold import catalogue_terms as gold_catalogue_terms
from pipelines.gold import interest_days as gold_interest_days
from pipelines.lakehouse.expectations import at_least, at_most, one_of
from pipelines.lakehouse.table import PERSON, Col, Input, Table
from pipelines.lakehouse.types import DATE, DOUBLE, INT, MONEY, STRING
from pipelines.silver import person_identifiers as silver_person_identifiers
from pipelines.silver import products as silver_products
from pipelines.silver.person_identifiers import IDENTIFIER, current

COUNTS = {PURCHASE: "purchases", CART: "carts", VIEW: "views", SEARCH: "searches", MAIL_CLICK: "mail_clicks"}
_LOOKS = ("views", "searches", "mail_clicks")

TABLE = Table(
    name="gold.interest_profiles",
    doc=__doc__,
    key=("person_id", "kind", "value"),
    scope=("person_id",),
    version=2,  # 2: acts other than purchases count too
    columns=(
        PERSON,
        Col(
            "kind",
            STRING,
            ", ".join(f"`{kind}`" for kind in (*LEVELS, PRICE_BAND)) + ", or an attribute of goods",
            nullable=False,
        ),
        Col(
            "value", STRING, "As the catalogue spells it; what it does not place is left out", nullable=False
        ),
        Col("affinity", DOUBLE, "Share of the person's faded acts of this kind, 0 to 1", nullable=False),
        Col(
            "rank",
            INT,
            "1 for the strongest of this person and kind; ties by purchases, then by name",
            nullable=False,
        ),
        Col("stage", STRING, "How far it went: " + ", ".join(f"`{s}`" for s in STAGES), nullable=False),
        *(
            Col(name, INT, f"Evidence: pairs of a day and a good (or words) with a {action}", nullable=False)
            for action, name in COUNTS.items()
        ),
        Col(
            "net_amount",
            MONEY,
            "Evidence: paid for them, less returns; in the business's currency",
            nullable=False,
        ),
        Col("first_on", DATE, "Evidence: the first of those days", nullable=False),
        Col("last_on", DATE, "Evidence: the last of those days", nullable=False),
        Col("last_purchase_on", DATE, "Evidence: the last with a purchase; null: never bought"),
    ),
    inputs=(
        Input(gold_interest_days.TABLE, through=silver_person_identifiers.TABLE, on=IDENTIFIER),
        silver_person_identifiers.TABLE,
        Input(silver_products.TABLE, through=gold_interest_days.TABLE, on=("product_id",)),
        Input(gold_catalogue_terms.TABLE, through=gold_interest_days.TABLE, on=("term",)),
    ),
    params=(
        "interests.actions",
        "interests.price_bands",
        "interests.attributes",
        "interests.considered_days",
        "interests.replenishing_days",
    ),
    live=True,
    expect=(
        at_least("affinity", 0),
        at_most("affinity", 1),
        one_of("stage", STAGES),
        *(at_least(name, 0) for name in COUNTS.values()),
    ),
)


def build(
    interest_days: DataFrame,
    person_identifiers: DataFrame,
    products: DataFrame,
    catalogue_terms: DataFrame,
    *,
    as_of: date,
    actions: Sequence[ActionWeight],
    price_bands: Sequence[float],
    attributes: Sequence[AttributeRule],
    considered_days: int,
    replenishing_days: int,
) -> DataFrame:
    """Faded acts by each kind of interest, as shares."""
    acts = interest_days.where(F.col("occurred_on") <= F.lit(as_of)).join(
        current(person_identifiers), on=list(IDENTIFIER), how="inner"
    )
    band = F.when(F.col("kind") == PRICE_BAND, band_of(F.col("price"), price_bands))
    found = (
        _by_subject(acts, actions)
        .join(places(products, catalogue_terms, attributes), on=["about", "subject"], how="inner")
        .withColumn("value", F.coalesce("value", band))
        .where(F.col("value").isNotNull())
    )
    profiles = found.groupBy("person_id", "kind", "value").agg(
        *(F.sum(name).cast(INT).alias(name) for name in COUNTS.values()),
        F.sum("weight").alias("weight"),
        F.sum("net_amount").cast(MONEY).alias("net_amount"),
        F.min("first_on").alias("first_on"),
        F.max("last_on").alias("last_on"),
        F.max("last_purchase_on").alias("last_purchase_on"),
        F.max("purchases").alias("_days_bought"),
        F.max(_all(_LOOKS)).alias("_days_looked"),
    )
    kind = Window.partitionBy("person_id", "kind")
    strongest = kind.orderBy(F.desc("weight"), F.desc("purchases"), "value")
    stage = stage_of(
        F.col("_days_bought"),
        F.col("carts"),
        F.col("_days_looked"),
        considered_days=considered_days,
        replenishing_days=replenishing_days,
    )
    return profiles.withColumns(
        {
            "affinity": F.col("weight").cast(DOUBLE) / F.sum("weight").over(kind).cast(DOUBLE),
            "rank": F.row_number().over(strongest),
            "stage": stage,
        }
    ).select(*TABLE.names)


def _all(names: Sequence[str]) -> Column:
    return reduce(add, (F.col(name) for name in names))


def _by_subject(acts: DataFrame, actions: Sequence[ActionWeight]) -> DataFrame:
    """One row per person and what was acted on, with the weights faded to the person's last act.

    A search is about its words and about the good of that number. A return alone is no act; its amount counts where
    the good was bought.
    """
    subjects = (("good", "product_id"), ("words", "term"))
    each = F.array(*(F.struct(F.lit(a).alias("about"), F.col(c).alias("subject")) for a, c in subjects))
    daily = (
        acts.select("*", F.explode(each).alias("_each"))
        .where(F.col("_each.subject").isNotNull())
        .groupBy(
            "person_id",
            F.col("_each.about").alias("about"),
            F.col("_each.subject").alias("subject"),
            "action",
            "occurred_on",
        )
        .agg(
            F.sum("times").alias("times"),
            F.sum("net_amount").alias("net_amount"),
            F.max("price").alias("price"),
        )
    )
    done = F.col("times") > 0
    day = F.when(done, F.col("occurred_on"))
    age = F.date_diff(F.max(day).over(Window.partitionBy("person_id")), F.col("occurred_on"))
    weighed = daily.withColumn("_age", age).withColumn(
        "weight", F.when(done, act_weight(F.col("action"), F.col("_age"), actions))
    )
    counts = (F.count_if(done & (F.col("action") == a)).cast(INT).alias(name) for a, name in COUNTS.items())
    totals = weighed.groupBy("person_id", "about", "subject").agg(
        *counts,
        F.sum("weight").alias("weight"),
        F.sum("net_amount").alias("net_amount"),
        F.max("price").alias("price"),
        F.min(day).alias("first_on"),
        F.max(day).alias("last_on"),
        F.max(F.when(F.col("action") == PURCHASE, day)).alias("last_purchase_on"),
    )
    return totals.where(F.col("weight").isNotNull())


def places(products: DataFrame, terms: DataFrame, attributes: Sequence[AttributeRule]) -> DataFrame:
    """Of what kind of interest each good, and each of the catalogue's names, is; a price band's value comes later."""
    values = {level: F.col(level) for level in LEVELS} | attribute_values(attributes)
    values[PRICE_BAND] = F.lit(None).cast(STRING)
    pairs = F.array(*(F.struct(F.lit(kind).alias("kind"), of.alias("value")) for kind, of in values.items()))
    of_goods = products.select(
        F.lit("good").alias("about"), F.col("product_id").alias("subject"), F.explode(pairs).alias("_place")
    )
    placed = of_goods.select("about", "subject", "_place.kind", "_place.value")
    return placed.where(F.col("value").isNotNull() | (F.col("kind") == PRICE_BAND)).unionByName(
        terms.select(F.lit("words").alias("about"), F.col("term").alias("subject"), "kind", "value")
    )
