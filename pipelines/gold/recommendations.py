"""One row per person and rank: goods that the person has not bought yet and would probably like.

Scores come from the champion of the model `als`, trained on an earlier date than the one asked for. A person
the model does not know gets what is popular with everybody, and the row says so. Without a champion the table
is empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.gold import product_days as gold_product_days
from pipelines.lakehouse.expectations import at_least
from pipelines.lakehouse.table import PERSON, Col, Input, Table
from pipelines.lakehouse.types import DOUBLE, INT, STRING
from pipelines.models.als.champion import LoadedAls
from pipelines.models.als.score import recommend
from pipelines.silver import person_identifiers as silver_person_identifiers
from pipelines.silver import products as silver_products
from pipelines.silver.person_identifiers import IDENTIFIER

LIKE_YOU = "Others who shop like you often buy this."
POPULAR = "Popular with our customers."

TABLE = Table(
    name="gold.recommendations",
    doc=__doc__,
    key=("person_id", "rank"),
    scope=("person_id",),
    columns=(
        PERSON,
        Col("rank", INT, "1 is the best of this person; ties by product", nullable=False),
        Col("product_id", STRING, "The good", nullable=False),
        Col("score", DOUBLE, "The model's preference; comparable within one person only", nullable=False),
        Col("reason", STRING, "What a customer would understand", nullable=False),
        Col(
            "model_version", STRING, "`als/3`; `als/3 popular` for a person it does not know", nullable=False
        ),
    ),
    inputs=(
        Input(gold_product_days.TABLE, through=silver_person_identifiers.TABLE, on=IDENTIFIER),
        silver_person_identifiers.TABLE,
        Input(silver_products.TABLE, whole=True),
    ),
    models=("als",),
    params=("recommendations.per_person", "catalogue.never_offered"),
    expect=(at_least("rank", 1),),
)


def build(
    product_days: DataFrame,
    person_identifiers: DataFrame,
    products: DataFrame,
    *,
    as_of: date,
    als: LoadedAls | None,
    per_person: int,
    never_offered: Sequence[str],
) -> DataFrame:
    """The champion's best goods for everybody who is known by more than a browser; no row without a champion.

    Args:
        product_days: All days of the asked persons.
        person_identifiers: The asked persons.
        products: The whole catalogue: a good that it lacks is not offered.
        as_of: What was bought until then counts as bought.
        als: `champion.load(...)` of the model, or null.
        per_person: How many goods at most.
        never_offered: Departments whose goods are not recommended.
    """
    if als is None:
        return person_identifiers.where(F.lit(False)).select(
            *(F.lit(None).cast(column.type).alias(column.name) for column in TABLE.columns)
        )
    scored = recommend(
        product_days,
        person_identifiers,
        products,
        as_of=as_of,
        als=als.factors,
        per_person=per_person,
        never_offered=never_offered,
    )
    return scored.select(
        "person_id",
        "rank",
        "product_id",
        "score",
        F.when(F.col("known"), F.lit(LIKE_YOU)).otherwise(F.lit(POPULAR)).alias("reason"),
        F.when(F.col("known"), F.lit(als.label))
        .otherwise(F.lit(f"{als.label} popular"))
        .alias("model_version"),
    )
