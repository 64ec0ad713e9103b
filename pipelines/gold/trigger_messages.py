"""What a message holds: the goods of each block of its recipe, and none twice. No table of its own.

A block that its own source does not fill takes what its fallbacks offer (`send_list_blocks.SOURCES`); `model_version`
names the source of each good. A good that is not for the weather to expect where the person shops is not recommended.
A good whose stock is told, and is not on hand in any shop of the message's, stands in no
message. Goods that are reserved for one trigger stand in that trigger's messages only.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StructField, StructType

from pipelines.calc.triggers.definitions import SUBJECT, Trigger
from pipelines.calc.triggers.kinds import OnForecast
from pipelines.gold.send_list_blocks import (
    POPULAR,
    for_blocks,
    foreseen,
    interesting,
    popular,
    readable,
)
from pipelines.lakehouse.types import DOUBLE, INT, STRING

SHOWN = ("title", "reason", "score", "model_version", "propensity")
GOES_WITH_IT = "It goes with this message."
_GOOD = StructType(
    [
        StructField("block_no", INT),
        StructField("slot", INT),
        StructField("block", STRING),
        StructField("product_id", STRING),
        StructField("title", STRING),
        StructField("reason", STRING),
        StructField("score", DOUBLE),
        StructField("model_version", STRING),
        StructField("propensity", DOUBLE),
    ]
)
ITEMS = ArrayType(_GOOD)
ITEM = tuple(_GOOD.names)


def messages(
    openings: DataFrame,
    persons: DataFrame,
    products: DataFrame,
    product_days: DataFrame,
    recommendations: DataFrame,
    interest_profiles: DataFrame,
    stock: DataFrame,
    *,
    as_of: date,
    triggers: Sequence[Trigger],
    slots_per_block: int,
    never_offered: Sequence[str],
) -> DataFrame:
    """`candidate_id, items, sold_out`: the message of each opening, and how many goods it lacks for want of stock.

    Args:
        openings: `candidate_id, trigger, person_id, products, stores, degrees`: what is to be written, the goods that
            it is about, the shops where they should lie, of which null is any, and the mean of the coming day that is
            to be expected there (null: not known); a person has one a trigger at most.
        persons: Whose each identifier is now.
        products: `silver.products`.
        product_days: `gold.product_days`; what is dated after `as_of` is not looked at.
        recommendations: `gold.recommendations`; only its rows of `as_of` are looked at.
        interest_profiles: `gold.interest_profiles`.
        stock: `silver.stock`; a good that no row tells of is taken to be there.
        as_of: The business day.
        triggers: The triggers, with their recipes.
        slots_per_block: At most so many goods in each block.
        never_offered: Departments whose goods stand in no message.
    """
    people = openings.select("person_id").distinct()
    goods = _goods(products, never_offered).join(_on_hand(stock, as_of), on="product_id", how="left")
    bought = product_days.where((F.col("purchased_on") <= F.lit(as_of)) & (F.col("lines") > 0))

    told = foreseen(recommendations.join(people, on="person_id", how="left_semi"), as_of)
    offered = told.unionByName(
        interesting(people, persons, bought, goods, interest_profiles, as_of, slots_per_block)
    ).unionByName(popular(people, persons, bought, goods, as_of, slots_per_block))
    briefs = openings.select("candidate_id", "trigger", "person_id", "stores", "degrees")
    candidates = (
        offered.join(briefs, on="person_id", how="inner")
        .unionByName(_subjects(openings, told, triggers))
        .join(goods, on="product_id", how="inner")
        .where(_unreserved(triggers) & _suits_the_weather())
        .withColumns({"title": _title(), "there": _is_there()})
    )
    placed = for_blocks(candidates).withColumn("block_no", _place_in_recipe(triggers))
    return _filled(placed.where(F.col("block_no") > 0), slots_per_block)


def _subjects(openings: DataFrame, told: DataFrame, triggers: Sequence[Trigger]) -> DataFrame:
    """The goods that the messages are about, as a source of their own.

    Of goods that a model foresees the model says why, where the trigger does not, and its version stands with them.
    """
    named, model = F.lit(None).cast(STRING), F.lit(None).cast(STRING)
    for each in triggers:
        named = F.when(F.col("trigger") == each.name, F.lit(each.reason)).otherwise(named)
        if isinstance(each.when, OnForecast):
            model = F.when(F.col("trigger") == each.name, F.lit(each.when.model)).otherwise(model)
    theirs = told.select(
        "person_id", "product_id", *(F.col(name).alias(f"_{name}") for name in ("source", *SHOWN[1:]))
    )
    goods = openings.select("*", F.posexplode("products").alias("place", "product_id"))
    foretold = goods.withColumn("_source", model).join(
        theirs, on=["person_id", "product_id", "_source"], how="left"
    )
    return foretold.select(
        "person_id",
        F.lit(SUBJECT).alias("source"),
        F.col("place").cast(INT).alias("place"),
        "product_id",
        F.coalesce(named, F.col("_reason"), F.lit(GOES_WITH_IT)).alias("reason"),
        (-F.col("place")).cast(DOUBLE).alias("score"),
        F.coalesce("_model_version", F.concat(F.lit("trigger/"), "trigger")).alias("model_version"),
        F.col("_propensity").alias("propensity"),
        "candidate_id",
        "trigger",
        "stores",
        "degrees",
    )


def _unreserved(triggers: Sequence[Trigger]) -> Column:
    free = F.lit(True)
    for each in triggers:
        if each.goods:
            free &= ~F.col("product_id").isin(*each.goods) | (F.col("trigger") == each.name)
    return free


def _suits_the_weather() -> Column:
    """Whether a good is for such a day; one that the message is about is, whatever the weather."""
    not_below = F.coalesce(F.col("degrees") >= F.col("suits_from_degrees"), F.lit(True))
    not_above = F.coalesce(F.col("degrees") <= F.col("suits_to_degrees"), F.lit(True))
    return (F.col("source") == SUBJECT) | (not_below & not_above)


def _is_there() -> Column:
    elsewhere = ~F.arrays_overlap("on_hand", "stores")
    return ~F.coalesce(elsewhere, F.lit(False))


def _place_in_recipe(triggers: Sequence[Trigger]) -> Column:
    places = (
        F.when(F.col("trigger") == t.name, F.array_position(F.array(*map(F.lit, t.blocks)), F.col("block")))
        for t in triggers
    )
    return F.coalesce(*places).cast(INT)


def _on_hand(stock: DataFrame, as_of: date) -> DataFrame:
    """`product_id, on_hand ARRAY<STRING>`: the shops where each good lies on the day, by its last rows until then.

    Empty: sold out everywhere. A good without a row was not told of.
    """
    newest = F.max("valid_on").over(Window.partitionBy("product_id"))
    told = stock.where(F.col("valid_on") <= F.lit(as_of)).withColumn("newest", newest)
    there = F.when(F.col("quantity") > 0, F.col("store_id"))
    return (
        told.where(F.col("valid_on") == F.col("newest"))
        .groupBy("product_id")
        .agg(F.collect_set(there).alias("on_hand"))
    )


def _goods(products: DataFrame, never_offered: Sequence[str]) -> DataFrame:
    """What may stand in a message; a good that nothing names is left out."""
    refused = F.coalesce(F.col("department").isin(*never_offered), F.lit(False))
    return products.where(~refused & F.coalesce("title", "product_type", "category").isNotNull()).select(
        *("product_id", "title", "category", "product_type", "brand", "package_size"),
        *("suits_from_degrees", "suits_to_degrees"),
    )


def _title() -> Column:
    """The catalogue's title, or else what it is, whose and how much: `Soap, Acme brand, 2 oz`."""
    named = readable(F.coalesce("product_type", "category"))
    described = F.concat_ws(", ", named, F.concat("brand", F.lit(" brand")), F.lower("package_size"))
    return F.coalesce("title", described)


def _filled(candidates: DataFrame, slots_per_block: int) -> DataFrame:
    """The slots filled.

    Blocks choose in the order of the recipe from their own sources; those with slots left then choose in the same order
    from their first fallbacks, and so on. Each takes the first candidates whose title the message does not hold yet:
    equal titles count as one good, since a reader could not tell them apart. Best sellers of all shops fill up what
    others began: a message of nothing else is none.
    """
    of_person = F.col("source") != POPULAR
    offer = F.struct("resort", "block_no", "place", "product_id", "block", *SHOWN)
    gone = F.count_distinct(F.when(~F.col("there") & of_person, F.col("product_id")))
    queued = candidates.groupBy("candidate_id").agg(
        F.array_sort(F.collect_list(F.when(F.col("there"), offer))).alias("queue"),
        gone.alias("sold_out"),
        F.max(F.col("there") & of_person).alias("_own"),
    )
    queue = F.when(F.col("_own"), F.col("queue")).otherwise(F.slice("queue", 1, 0))
    items = F.aggregate(queue, F.array().cast(ITEMS), partial(_add, slots_per_block))
    return queued.select(
        "candidate_id", F.array_sort(items).alias("items"), F.col("sold_out").cast(INT).alias("sold_out")
    )


def _add(slots_per_block: int, message: Column, candidate: Column) -> Column:
    """The message with the candidate behind, unless its block is full or its title is there already."""
    filled = F.size(F.filter(message, lambda item: item["block_no"] == candidate["block_no"]))
    there = F.exists(message, lambda item: item["title"] == candidate["title"])
    item = F.struct(*(((filled + 1) if name == "slot" else candidate[name]).alias(name) for name in ITEM))
    return F.when((filled >= slots_per_block) | there, message).otherwise(
        F.concat(message, F.array(item).cast(ITEMS))
    )
