"""The goods of a world.

Categories with their seasons, and every property of a good as a function of its number.

Good n is of category n mod 16; n div 16 is its rank there, the first being the best known. A price needs no
join.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F

from pipelines.simulate.draws import Draws, at, whole

SIZES = 6
"""Sizes of a chain's goods: of diapers the size, of feeding goods the step (spoon, cup, plate, ...)."""

ALWAYS_SOLD = 2 * SIZES
"""So many first ranks of a category are sold from the first day on; a later rank may be a new arrival."""


@dataclass(frozen=True)
class Category:
    """One category.

    Args:
        department: The level above it.
        name: As the catalogue spells it.
        cents: A usual price.
        season: The months, 1 to 12, in which people buy more of it; empty: none.
        pack: What is printed on the pack; `{size}` is the chain's size, from 1.
        pieces: How many are in it.
    """

    department: str
    name: str
    cents: int
    season: tuple[int, ...] = ()
    pack: str = "1 PC"
    pieces: int = 1


CATEGORIES = (
    Category("BABY", "DIAPERS", 1490, pack="SIZE {size}", pieces=48),
    Category("BABY", "FEEDING", 690, pack="STEP {size}"),
    Category("BABY", "BABY FOOD", 240, pack="4 OZ"),
    Category("TOYS", "TOYS", 1990, (11, 12)),
    Category("CLOTHES", "KIDS CLOTHES", 1790, (8, 9)),
    Category("CLOTHES", "SHOES", 2990, (3, 9)),
    Category("GROCERY", "DAIRY", 290, pack="16 OZ"),
    Category("GROCERY", "BAKERY", 250, pack="12 OZ"),
    Category("GROCERY", "SNACKS", 320, pack="8 OZ"),
    Category("GROCERY", "DRINKS", 390, (6, 7, 8), "64 OZ"),
    Category("GROCERY", "FROZEN", 520, (6, 7), "32 OZ"),
    Category("HOUSEHOLD", "CLEANING", 490, (4,), "24 OZ"),
    Category("HOUSEHOLD", "LAUNDRY", 990, pack="50 OZ"),
    Category("BEAUTY", "HAIR CARE", 690, pack="12 OZ"),
    Category("PETS", "DOG FOOD", 1290, pack="5 LB"),
    Category("OUTDOOR", "GARDEN", 1590, (4, 5), "1 PC"),
)
DIAPERS, FEEDING = 0, 1
SEASONAL = {
    month: next((n for n, category in enumerate(CATEGORIES) if month in category.season), None)
    for month in range(1, 13)
}
"""By month, the category that people buy more of; null: none."""


def category_of(product: Column) -> Column:
    """The category's number of a good."""
    return product % len(CATEGORIES)


def rank_of(product: Column) -> Column:
    """The good's rank within its category."""
    return whole(product / len(CATEGORIES))


def product_at(category: Column, rank: Column) -> Column:
    """The good of a rank in a category."""
    return (rank * len(CATEGORIES) + category).cast("long")


def sized(category: int, family: Column, size: Column) -> Column:
    """The chain's good of a size (from 1) in one of a brand's families of six."""
    return product_at(F.lit(category), family * SIZES + size - 1)


def product_id(product: Column) -> Column:
    """The good's id as every source writes it, such as `P0000042`."""
    return F.concat(F.lit("P"), F.lpad(product.cast("string"), 7, "0"))


def category_name(category: Column) -> Column:
    """The category as the catalogue spells it."""
    return at([each.name for each in CATEGORIES], category)


def price_cents(draws: Draws, product: Column) -> Column:
    """The price with VAT in cents: the category's usual one, times 0.60 to 1.59; at no time another."""
    usual = at([category.cents for category in CATEGORIES], category_of(product))
    return whole(usual * (draws.below(100, "price", product) + 60) / 100)


def launch_day(draws: Draws, days: int, product: Column) -> Column:
    """The first day of a good's sale; the world's first but for one in twenty of the lesser known.

    A size of a chain is no new arrival: its children need it whenever they have grown into it.
    """
    lesser = (rank_of(product) >= ALWAYS_SOLD) & ~category_of(product).isin(DIAPERS, FEEDING)
    new = lesser & draws.chance(0.05, "new arrival", product)
    return F.when(new, draws.below(days, "launch", product)).otherwise(F.lit(0).cast("long"))


def in_season(uniform: Column, month: Column, category: Column) -> Column:
    """A category chosen, or with a chance of one in seven the season's, where the month has one."""
    seasonal = F.array(*(F.lit(SEASONAL[number]).cast("long") for number in range(1, 13)))
    return F.coalesce(F.when(uniform < 1 / 7, F.get(seasonal, month.cast("int") - 1)), category)
