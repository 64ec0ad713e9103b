"""What each model gives, as `gold.recommendations` has it: with the model's name, its version and a reason. No table.

Each function takes what the model's `recommend` gives, and gives the columns of `ROW`.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.gold.send_list_blocks import readable
from pipelines.lakehouse.types import DOUBLE
from pipelines.models.chains.score import AGE, FOLLOWS, MONTH
from pipelines.models.new_arrivals.score import NEW, NEW_IN
from pipelines.models.next_purchase.model import LIKE_YOU, POPULAR

ROW = (
    *("person_id", "model", "rank", "product_id", "score", "reason", "model_version"),
    "propensity",
)
GOES_WITH = "Goes with %s, which you bought."
GOES_TOGETHER = "Goes with what you bought."


def of_als(scored: DataFrame, label: str) -> DataFrame:
    """Who is not known to the model gets what is popular."""
    known = F.col("known")
    return _rows(scored, "als", F.when(known, LIKE_YOU).otherwise(POPULAR), _unless(known, label))


def of_next_purchase(scored: DataFrame, label: str) -> DataFrame:
    """Who has bought nothing gets what is popular."""
    return _rows(scored, "next_purchase", F.col("reason"), _unless(F.col("reason") != POPULAR, label))


def of_related(scored: DataFrame, products: DataFrame, label: str) -> DataFrame:
    """The reason names the good that says most; two goods of one name do not explain each other."""
    named = products.select("product_id", _named().alias("_name"))
    bought = named.select(F.col("product_id").alias("because"), F.col("_name").alias("_bought"))
    told = F.when(F.col("_bought") != F.col("_name"), F.format_string(GOES_WITH, F.col("_bought")))
    both = scored.join(named, on="product_id", how="left").join(bought, on="because", how="left")
    return _rows(both, "related", F.coalesce(told, F.lit(GOES_TOGETHER)), F.lit(label))


def of_chains(scored: DataFrame, label: str) -> DataFrame:
    """The reason says after what it comes and when, by the clock that the model went by."""
    after = readable(F.col("after"))
    months = F.round(F.col("usual_days") / MONTH).cast("int")
    follows = F.format_string(FOLLOWS, readable(F.col("before")), after, F.col("usual_days"))
    reason = F.when(F.col("by_age"), F.format_string(AGE, after, months)).otherwise(follows)
    return _rows(scored, "chains", reason, F.lit(label))


def of_new_arrivals(scored: DataFrame, products: DataFrame, label: str) -> DataFrame:
    """The reason names the category where the person likes it more than others do."""
    kinds = products.select("product_id", readable(F.col("category")).alias("_kind"))
    liked = F.when(F.col("likes"), F.format_string(NEW_IN, F.col("_kind")))
    reason = F.coalesce(liked, F.lit(NEW))
    placed = scored.join(kinds, on="product_id", how="left")
    return _rows(placed, "new_arrivals", reason, _unless(F.col("known"), label), F.col("propensity"))


def of_habits(replenishment: DataFrame, as_of: date, due_within_days: int, per_person: int) -> DataFrame:
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
    ranked = due.withColumn("rank", F.row_number().over(first)).where(F.col("rank") <= per_person)
    return _rows(ranked, "replenishment", F.col("reason"), F.col("model_version"))


def _rows(
    scored: DataFrame, model: str, reason: Column, version: Column, propensity: Column | None = None
) -> DataFrame:
    given = F.lit(None) if propensity is None else propensity
    told = {
        "model": F.lit(model),
        "reason": reason,
        "model_version": version,
        "propensity": given.cast(DOUBLE),
    }
    return scored.withColumns(told).select(*ROW)


def _unless(known: Column, label: str) -> Column:
    """The version, which says so where the model fell back on what is popular."""
    return F.when(known, F.lit(label)).otherwise(F.lit(f"{label} popular"))


def _named() -> Column:
    """What a customer calls a good; null: the catalogue has no name for it."""
    return F.coalesce("title", readable(F.coalesce("product_type", "category")))
