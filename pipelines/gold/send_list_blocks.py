"""What the blocks of a message choose from: goods of each source, in the order the source prefers them.

One row per person and good: `person_id, source, place, product_id, reason, score, model_version, propensity`; `place`
is a total order within person and source. A block takes from its own source first and then, for the slots that are
left, from its fallbacks (`SOURCES`), whose rows say in `model_version` and in the reason where they come from. What is
left after that all blocks fill with best sellers of all shops.
"""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.calc.triggers.definitions import SUBJECT
from pipelines.gold import interest_profiles as gold_interest_profiles
from pipelines.lakehouse.types import DOUBLE
from pipelines.silver.person_identifiers import IDENTIFIER

SOURCES = {
    "replenishment": ("replenishment", "next_purchase", "als", "interests"),
    "next_purchase": ("next_purchase", "replenishment", "als", "interests"),
    "related": ("related", "als", "interests"),
    "personal": ("als", "interests"),
    "new_arrivals": ("new_arrivals", "interests"),
}
"""By block, in the order of the receipt mail: its own source, then its fallbacks. What a message is about has none."""
POPULAR, LAST_RESORT = "popular", 9
"""The source from which every block takes when all others have nothing more."""
BLOCKS = tuple(SOURCES)
SELLING_DAYS = 28
BEST_SELLERS = 100
OF_ALL = 500
SELLS_WELL_HERE = "Sells well in our shops."
SELLS_WELL = ("Sells well in ", ", one of your favourite categories.")


def turn() -> Column:
    """The place of `block` among `BLOCKS`, from 1."""
    return F.array_position(F.array(*map(F.lit, BLOCKS)), F.col("block"))


def foreseen(recommendations: DataFrame, as_of: date) -> DataFrame:
    """What the champions of all models recommend for the day, as it stands; each model is a source."""
    return recommendations.where(F.col("as_of") == F.lit(as_of)).select(
        "person_id",
        F.col("model").alias("source"),
        F.col("rank").alias("place"),
        "product_id",
        "reason",
        "score",
        "model_version",
        "propensity",
    )


def for_blocks(candidates: DataFrame) -> DataFrame:
    """The candidates, once for each block that may take them, with `block` and `resort`: 0 for its own source."""
    uses = [
        (source, F.struct(F.lit(resort).alias("resort"), F.lit(block).alias("block")))
        for block, sources in {SUBJECT: (SUBJECT,), **SOURCES}.items()
        for resort, source in enumerate(sources)
    ] + [
        (POPULAR, F.struct(F.lit(LAST_RESORT).alias("resort"), F.lit(block).alias("block")))
        for block in BLOCKS
    ]
    fits = [F.when(F.col("source") == source, use) for source, use in uses]
    each = candidates.withColumn("use", F.explode(F.array_compact(F.array(*fits))))
    return each.select(*candidates.columns, "use.*")


def interesting(
    people: DataFrame,
    persons: DataFrame,
    bought: DataFrame,
    goods: DataFrame,
    interest_profiles: DataFrame,
    as_of: date,
    slots_per_block: int,
) -> DataFrame:
    """Best sellers of a person's favourite categories, one of each, then the next of each.

    Goods sell well that had most buyers in the last `SELLING_DAYS`. The score is the person's affinity to the
    category times the good's share of the category's buyers; since places alternate between categories, a
    later place may score higher.
    """
    lately = bought.where(F.col("purchased_on") > F.lit(as_of - timedelta(SELLING_DAYS)))
    favourites = 2 * slots_per_block  # more than there are slots: a category may have nothing new to offer
    liked = (
        interest_profiles.where((F.col("kind") == "category") & (F.col("rank") <= favourites))
        .join(people, on="person_id", how="left_semi")
        .select(
            "person_id", F.col("value").alias("category"), "affinity", "rank", _said_of("value", SELLS_WELL)
        )
    )
    theirs = (
        bought.join(persons.join(people, on="person_id", how="left_semi"), on=list(IDENTIFIER), how="inner")
        .join(goods.select("product_id", "category"), on="product_id", how="inner")
        .groupBy("person_id", "category")
        .agg(F.collect_set("product_id").alias("known"))
    )
    unknown = F.filter(
        "best", lambda good: ~F.array_contains(F.coalesce("known", F.array()), good["product_id"])
    )
    return (
        liked.join(theirs, on=["person_id", "category"], how="left")
        .join(_best_sellers(lately, persons, goods), on="category", how="inner")
        .select("*", F.posexplode(F.slice(unknown, 1, len(BLOCKS) * slots_per_block)).alias("turn", "good"))
        .select(
            "person_id",
            F.lit("interests").alias("source"),
            (F.col("turn") * favourites + F.col("rank")).alias("place"),
            F.col("good.product_id").alias("product_id"),
            "reason",
            (F.col("affinity") * F.col("good.share")).alias("score"),
            F.lit(f"interests/{gold_interest_profiles.TABLE.version}").alias("model_version"),
            F.lit(None).cast(DOUBLE).alias("propensity"),
        )
    )


def popular(
    people: DataFrame,
    persons: DataFrame,
    bought: DataFrame,
    goods: DataFrame,
    as_of: date,
    slots_per_block: int,
) -> DataFrame:
    """What sells best in all shops and the person has not bought: twice as many goods as a full message has.

    The score is the number of people who bought it in the last `SELLING_DAYS`.
    """
    lately = bought.where(F.col("purchased_on") > F.lit(as_of - timedelta(SELLING_DAYS)))
    sold = (
        lately.join(goods.select("product_id"), on="product_id", how="left_semi")
        .join(persons, on=list(IDENTIFIER), how="inner")
        .groupBy("product_id")
        .agg(F.count_distinct("person_id").alias("buyers"))
    )
    order = F.struct((-F.col("buyers")).alias("less"), "product_id")
    best = sold.agg(F.slice(F.array_sort(F.collect_list(order)), 1, OF_ALL).alias("best"))
    theirs = (
        bought.join(persons.join(people, on="person_id", how="left_semi"), on=list(IDENTIFIER), how="inner")
        .groupBy("person_id")
        .agg(F.collect_set("product_id").alias("known"))
    )
    unknown = F.filter(
        "best", lambda good: ~F.array_contains(F.coalesce("known", F.array()), good["product_id"])
    )
    most = 2 * len(BLOCKS) * slots_per_block
    return (
        people.join(theirs, on="person_id", how="left")
        .crossJoin(F.broadcast(best))
        .select("person_id", F.posexplode(F.slice(unknown, 1, most)).alias("place", "good"))
        .select(
            "person_id",
            F.lit(POPULAR).alias("source"),
            F.col("place").cast("int").alias("place"),
            F.col("good.product_id").alias("product_id"),
            F.lit(SELLS_WELL_HERE).alias("reason"),
            (-F.col("good.less")).cast(DOUBLE).alias("score"),
            F.lit("popular/1").alias("model_version"),
            F.lit(None).cast(DOUBLE).alias("propensity"),
        )
    )


def _said_of(category: str, words: tuple[str, str]) -> Column:
    before, after = map(F.lit, words)
    return F.concat(before, readable(F.col(category)), after).alias("reason")


def _best_sellers(bought: DataFrame, persons: DataFrame, goods: DataFrame) -> DataFrame:
    """One row per category: its goods with most buyers, in order, each with its share of the category's.

    In the rollup, the row without a product counts the category's buyers, who are never fewer than a good's.
    """
    category = Window.partitionBy("category")
    first = category.orderBy(F.desc("buyers"), "product_id")
    return (
        bought.join(persons, on=list(IDENTIFIER), how="inner")
        .join(
            goods.where(F.col("category").isNotNull()).select("product_id", "category"),
            on="product_id",
            how="inner",
        )
        .rollup("category", "product_id")
        .agg(F.count_distinct("person_id").alias("buyers"))
        .where(F.col("category").isNotNull())
        .withColumn("share", F.col("buyers") / F.max("buyers").over(category))
        .where(F.col("product_id").isNotNull())
        .withColumn("place", F.row_number().over(first))
        .where(F.col("place") <= BEST_SELLERS)
        .groupBy("category")
        .agg(F.array_sort(F.collect_list(F.struct("place", "product_id", "share"))).alias("best"))
    )


def readable(text: Column) -> Column:
    """`FRZN MEAT/MEAT DINNERS` as `Frzn Meat / Meat Dinners`."""
    apart = F.regexp_replace(F.regexp_replace(text, r"\s*([/&])\s*", " $1 "), r"\(", "( ")
    return F.regexp_replace(F.initcap(F.trim(F.regexp_replace(apart, r"\s+", " "))), r"\( ", "(")
