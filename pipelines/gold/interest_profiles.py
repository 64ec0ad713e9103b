"""One row per person, kind of interest and value: how much of the person's interest goes there.

Kinds are `category` and `brand`. Each purchase day of a product counts once, halved with every half-life it
lies before the person's last purchase day: `weight = sum of 2 ** (-(last_day - day) / half_life)`. `affinity`
is that weight's share of all weights of the same person and kind, so the affinities of a person and kind sum
to one (to rounding). Since every weight fades alike, a share does not change because a day goes by, and the
table is not a snapshot. Weights are whole numbers (`calc.decay`), so that their sum is the same in any
order.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipelines.calc.decay import faded
from pipelines.gold import product_days as gold_product_days
from pipelines.lakehouse.expectations import at_least, at_most
from pipelines.lakehouse.table import PERSON, Col, Input, Table
from pipelines.lakehouse.types import DATE, DOUBLE, INT, MONEY, STRING
from pipelines.silver import person_identifiers as silver_person_identifiers
from pipelines.silver import products as silver_products
from pipelines.silver.person_identifiers import IDENTIFIER, current

KINDS = ("category", "brand")

TABLE = Table(
    name="gold.interest_profiles",
    doc=__doc__,
    key=("person_id", "kind", "value"),
    scope=("person_id",),
    columns=(
        PERSON,
        Col("kind", STRING, "`category` or `brand`", nullable=False),
        Col(
            "value",
            STRING,
            "The category or brand; goods that the catalogue does not place are left out",
            nullable=False,
        ),
        Col("affinity", DOUBLE, "Share of the person's faded purchases of this kind, 0 to 1", nullable=False),
        Col(
            "rank",
            INT,
            "1 for the strongest of this person and kind; ties by purchases, then by name",
            nullable=False,
        ),
        Col("purchases", INT, "Evidence: number of (day, product) pairs behind it", nullable=False),
        Col(
            "net_amount",
            MONEY,
            "Evidence: paid for them, less returns; in the business's currency",
            nullable=False,
        ),
        Col("last_purchase_on", DATE, "Evidence: the last of those days", nullable=False),
    ),
    inputs=(
        Input(gold_product_days.TABLE, through=silver_person_identifiers.TABLE, on=IDENTIFIER),
        silver_person_identifiers.TABLE,
        Input(silver_products.TABLE, through=gold_product_days.TABLE, on=("product_id",)),
    ),
    params=("interests.half_life_days",),
    expect=(at_least("affinity", 0), at_most("affinity", 1)),
)


def build(
    product_days: DataFrame,
    person_identifiers: DataFrame,
    products: DataFrame,
    *,
    as_of: date,
    half_life_days: int,
) -> DataFrame:
    """Faded purchase counts by category and by brand, as shares."""
    person = Window.partitionBy("person_id")
    bought = (
        product_days.where((F.col("purchased_on") <= F.lit(as_of)) & (F.col("lines") > 0))
        .join(current(person_identifiers), on=list(IDENTIFIER), how="inner")
        .groupBy("person_id", "product_id", "purchased_on")
        .agg(F.sum("net_amount").alias("net_amount"))
        .withColumn("age", F.date_diff(F.max("purchased_on").over(person), F.col("purchased_on")))
        .withColumn("weight", faded(F.col("age"), half_life_days))
        .join(products.select("product_id", *KINDS), on="product_id", how="inner")
    )
    by_kind = (
        bought.select(
            "person_id",
            "purchased_on",
            "net_amount",
            "weight",
            F.explode(
                F.array(*(F.struct(F.lit(k).alias("kind"), F.col(k).alias("value")) for k in KINDS))
            ).alias("interest"),
        )
        .where(F.col("interest.value").isNotNull())
        .groupBy("person_id", F.col("interest.kind").alias("kind"), F.col("interest.value").alias("value"))
        .agg(
            F.sum("weight").alias("weight"),
            F.count(F.lit(1)).cast(INT).alias("purchases"),
            F.sum("net_amount").cast(MONEY).alias("net_amount"),
            F.max("purchased_on").alias("last_purchase_on"),
        )
    )
    kind = Window.partitionBy("person_id", "kind")
    strongest = kind.orderBy(F.desc("weight"), F.desc("purchases"), "value")
    return by_kind.select(
        "person_id",
        "kind",
        "value",
        (F.col("weight").cast(DOUBLE) / F.sum("weight").over(kind).cast(DOUBLE)).alias("affinity"),
        F.row_number().over(strongest).alias("rank"),
        "purchases",
        "net_amount",
        "last_purchase_on",
    )
