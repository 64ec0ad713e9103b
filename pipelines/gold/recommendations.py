"""One row per business date, person, model and rank: the goods that a model foresees for the person.

A daily snapshot, since what is due next ages with every day. Scores come from the champion of each model of
`MODELS`, trained on no later date than the one asked for; a model without a champion has no rows. What a model
gives somebody it does not know, it says in `model_version` and in the reason. Habits that are due come from
`gold.replenishment`, with the version that it names.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.gold import product_days as gold_product_days
from pipelines.gold import replenishment as gold_replenishment
from pipelines.gold.send_list_blocks import readable
from pipelines.lakehouse.expectations import at_least, one_of
from pipelines.lakehouse.table import AS_OF, PERSON, Col, Snapshot, Table
from pipelines.lakehouse.types import DOUBLE, INT, STRING
from pipelines.models.als.champion import LoadedAls
from pipelines.models.als.score import recommend
from pipelines.models.kept import Loaded
from pipelines.models.next_purchase.model import LIKE_YOU, POPULAR, Ranker
from pipelines.models.next_purchase.score import recommend as foreseen
from pipelines.models.related.champion import LoadedRelated
from pipelines.models.related.recommend import recommend as going_with
from pipelines.silver import person_identifiers as silver_person_identifiers
from pipelines.silver import products as silver_products

GOES_WITH = "Goes with %s, which you bought."
GOES_TOGETHER = "Goes with what you bought."
MODELS = ("als", "next_purchase", "related")
DUE = "replenishment"

TABLE = Table(
    name="gold.recommendations",
    doc=__doc__,
    key=("as_of", "person_id", "model", "rank"),
    scope=("as_of",),
    columns=(
        AS_OF,
        PERSON,
        Col(
            "model",
            STRING,
            "`als`: goods not bought yet that suit the person's taste; `next_purchase`: goods of the next visit, "
            "bought before or not; `related`: goods that go with those of the last shopping day; `replenishment`: "
            "habits that are due",
            nullable=False,
        ),
        Col("rank", INT, "1 is the model's best for this person; ties by product", nullable=False),
        Col("product_id", STRING, "The good; once for each model", nullable=False),
        Col("score", DOUBLE, "Larger is better; comparable within one person and model only", nullable=False),
        Col("reason", STRING, "What a customer would understand", nullable=False),
        Col(
            "model_version",
            STRING,
            "`als/3`; with a word behind it, such as `als/3 popular`, where the model fell back",
            nullable=False,
        ),
    ),
    inputs=(
        gold_product_days.TABLE,
        silver_person_identifiers.TABLE,
        silver_products.TABLE,
        gold_replenishment.TABLE,
    ),
    models=MODELS,
    params=(
        "recommendations.per_person",
        "related.recent_days",
        "replenishment.due_within_days",
        "catalogue.never_offered",
    ),
    expect=(at_least("rank", 1), one_of("model", (*MODELS, DUE))),
    write=Snapshot(),
)


def build(
    product_days: DataFrame,
    person_identifiers: DataFrame,
    products: DataFrame,
    replenishment: DataFrame,
    *,
    as_of: date,
    als: LoadedAls | None,
    next_purchase: Loaded[Ranker] | None,
    related: LoadedRelated | None,
    per_person: int,
    recent_days: int,
    due_within_days: int,
    never_offered: Sequence[str],
) -> DataFrame:
    """The rows of every model that has a champion, and the habits that are due.

    Args:
        product_days: Everybody's days.
        person_identifiers: Whose each identifier is.
        products: The whole catalogue: a good that it lacks is not offered.
        replenishment: `gold.replenishment`; only its rows of `as_of` are looked at.
        as_of: What was bought until then counts as bought.
        als: The champion of `als`, or null.
        next_purchase: The champion of `next_purchase`, or null.
        related: The champion of `related`, or null.
        per_person: How many goods of each model at most.
        recent_days: Who did not shop in so many days gets no goods of `related`.
        due_within_days: Habits that may fall due up to so many days after `as_of` are due.
        never_offered: Departments whose goods are not recommended.
    """
    given = [_due(replenishment, as_of, due_within_days, per_person)]
    if als is not None:
        scored = recommend(
            product_days,
            person_identifiers,
            products,
            as_of=as_of,
            als=als.factors,
            per_person=per_person,
            never_offered=never_offered,
        )
        given.append(_of_als(scored, als.label))
    if next_purchase is not None:
        ranked = foreseen(
            product_days,
            person_identifiers,
            products,
            as_of=as_of,
            ranker=next_purchase.model,
            per_person=per_person,
            never_offered=never_offered,
        )
        version = F.when(F.col("reason") == POPULAR, F.lit(f"{next_purchase.label} popular"))
        given.append(
            ranked.withColumn("model", F.lit("next_purchase")).withColumn(
                "model_version", version.otherwise(F.lit(next_purchase.label))
            )
        )
    if related is not None:
        together = going_with(
            product_days,
            person_identifiers,
            products,
            as_of=as_of,
            model=related.model,
            per_person=per_person,
            never_offered=never_offered,
            recent_days=recent_days,
        )
        given.append(_of_related(together, products, related.label))
    return reduce(DataFrame.unionByName, given).select(F.lit(as_of).alias("as_of"), *TABLE.names[1:])


def _due(replenishment: DataFrame, as_of: date, due_within_days: int, per_person: int) -> DataFrame:
    """Habits that may fall due soon and have not probably ended, the likeliest first.

    The score is the chance to be bought within 7 days. Where no model told any, it is minus the days between the due
    date and `as_of`: the nearest comes first, late or early, since the later a habit is, the likelier it was given up.
    """
    today = F.lit(as_of)
    soon = F.date_sub("due_from", due_within_days)
    away = F.abs(F.date_diff(today, F.col("next_due_on"))).cast(DOUBLE)
    due = replenishment.where(
        (F.col("as_of") == today)
        & (F.col("last_purchase_on") < today)
        & today.between(soon, F.col("due_until"))
    ).withColumn("score", F.coalesce("chance_7", -away))
    first = Window.partitionBy("person_id").orderBy(F.desc("score"), F.desc("purchase_days"), "product_id")
    return (
        due.withColumns({"rank": F.row_number().over(first), "model": F.lit(DUE)})
        .where(F.col("rank") <= per_person)
        .select(*TABLE.names[1:])
    )


def _of_als(scored: DataFrame, label: str) -> DataFrame:
    known = F.col("known")
    return scored.select(
        "person_id",
        F.lit("als").alias("model"),
        "rank",
        "product_id",
        "score",
        F.when(known, F.lit(LIKE_YOU)).otherwise(F.lit(POPULAR)).alias("reason"),
        F.when(known, F.lit(label)).otherwise(F.lit(f"{label} popular")).alias("model_version"),
    )


def _of_related(scored: DataFrame, products: DataFrame, label: str) -> DataFrame:
    named = products.select("product_id", _named().alias("_name"))
    bought = named.select(F.col("product_id").alias("because"), F.col("_name").alias("_bought"))
    # Two goods of one name do not explain each other.
    told = F.when(F.col("_bought") != F.col("_name"), F.format_string(GOES_WITH, F.col("_bought")))
    both = scored.join(named, on="product_id", how="left").join(bought, on="because", how="left")
    return both.select(
        "person_id",
        F.lit("related").alias("model"),
        "rank",
        "product_id",
        "score",
        F.coalesce(told, F.lit(GOES_TOGETHER)).alias("reason"),
        F.lit(label).alias("model_version"),
    )


def _named() -> Column:
    """What a customer calls a good; null: the catalogue has no name for it."""
    return F.coalesce("title", readable(F.coalesce("product_type", "category")))
