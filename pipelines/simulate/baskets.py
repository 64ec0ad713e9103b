"""What lies in a basket: goods chosen by interest, habit and fame, and what they cost."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.simulate.clock import date_of
from pipelines.simulate.draws import Draws, choice, geometric, rank, whole
from pipelines.simulate.goods import (
    ALWAYS_SOLD,
    CATEGORIES,
    category_of,
    in_season,
    launch_day,
    price_cents,
    product_at,
    rank_of,
)
from pipelines.simulate.world import World

WEIGHTS = (0.5, 0.3, 0.2)
"""Of free choices: the first interest, the second, any category (the third's share of these goes to the first)."""

FAVOURITE_SHARE, FAVOURITES = 0.4, 3
"""Of free choices, those that fall on one of the person's three favourites of the category."""

DISCOUNT_PERCENT = 5
"""Taken off for the loyalty card."""


def lined(purchases: DataFrame, world: World) -> DataFrame:
    """`purchases` with `lines` (see `purchases.placed`): `free` goods of choice, then those `due`."""
    draws = Draws(world.seed)
    ids = (F.col("person"), F.col("day"), F.col("slot"))
    month = F.month(date_of(world, F.col("day")))

    def category(number: Column) -> Column:
        season = in_season(
            draws.uniform("season", *ids, number), month, chosen_category(draws, "line", *ids, number)
        )
        return F.coalesce(F.col("wanted"), F.when(season == F.col("third"), F.col("first")).otherwise(season))

    def good(of_category: Column, place: Column) -> Column:
        return chosen_good(draws, world, of_category, "line", *ids, place)

    def on_sale(product: Column) -> Column:
        return sold(draws, world, product, F.col("day"))

    def line(product: Column, place: Column) -> Column:
        quantity = geometric(draws.uniform("quantity", *ids, place), 0.2) + 1
        gross = price_cents(draws, product) * quantity
        return F.struct(product.alias("product"), quantity.alias("quantity"), gross.alias("gross"))

    def paid(bare: Column) -> Column:
        discount = F.when(F.col("card_shown"), whole(bare["gross"] * DISCOUNT_PERCENT / 100)).otherwise(0)
        return F.struct(
            bare["product"].alias("product"),
            bare["quantity"].alias("quantity"),
            (bare["gross"] - discount).alias("cents"),
            discount.cast("long").alias("discount"),
        )

    numbers = F.when(F.col("free") > 0, F.sequence(F.lit(1).cast("long"), F.col("free")))
    free = F.coalesce(
        F.transform(F.transform(F.transform(numbers, category), good), on_sale),
        F.array().cast("array<bigint>"),
    )
    return purchases.withColumn(
        "lines", F.transform(F.transform(F.concat(free, F.col("due")), line), paid)
    ).drop("free", "due")


def chosen_category(draws: Draws, purpose: str, *ids: Column) -> Column:
    """A category that the person chooses freely; never the third interest."""
    kind = choice(draws.uniform(f"{purpose} interest", *ids), WEIGHTS)
    other = draws.below(len(CATEGORIES), f"{purpose} category", *ids)
    return (
        F.when(kind == 0, F.col("first"))
        .when(kind == 1, F.col("second"))
        .otherwise(F.when(other == F.col("third"), F.col("first")).otherwise(other))
    )


def chosen_good(draws: Draws, world: World, category: Column, purpose: str, *ids: Column) -> Column:
    """A good of a category: one of the person's favourites, or by fame; perhaps not on sale yet (`sold`)."""
    favourite = draws.below(FAVOURITES, f"{purpose} favourite", *ids)
    liked = draws.uniform("favourite", F.col("person"), category, favourite)
    by_fame = draws.uniform(f"{purpose} fame", *ids)
    loyal = draws.chance(FAVOURITE_SHARE, f"{purpose} loyal", *ids)
    return product_at(category, rank(F.when(loyal, liked).otherwise(by_fame), world.per_category))


def sold(draws: Draws, world: World, product: Column, day: Column) -> Column:
    """The good, or one of the same category in its stead that is sold already."""
    instead = product_at(category_of(product), rank_of(product) % ALWAYS_SOLD)
    return F.when(launch_day(draws, world.days, product) <= day, product).otherwise(instead)
