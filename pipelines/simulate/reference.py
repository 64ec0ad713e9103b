"""Reference feeds of a world.

Catalogue, shops, loyalty forms, campaigns, prices, promotions, costs and weather.

Each function gives a record frame (see `receipts`) with `drop_day` besides: the day with whose drop a record
arrives, the opening's for what is known from the beginning. Faults are planted in none of them.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from pipelines.simulate.clock import date_of
from pipelines.simulate.contacts import dictated, loyalty_card, typed
from pipelines.simulate.draws import Draws, at, whole
from pipelines.simulate.goods import (
    CATEGORIES,
    SIZES,
    category_name,
    category_of,
    launch_day,
    price_cents,
    product_id,
    rank_of,
)
from pipelines.simulate.habits import months_of
from pipelines.simulate.mails import campaign_category, campaign_days, campaign_id
from pipelines.simulate.places import REGIONS, coordinates, region, store_id
from pipelines.simulate.receipts import amount
from pipelines.simulate.world import OPENING, World

CHANNELS = ("email", "paid_search", "paid_social")
PROMOTED_DAYS, STOCKED = 14, 3
"""Days that a promotion runs, one following the other; shops named in an offer's stock."""

SEASONED_DAYS = 1000
"""Goods that were there before the world came into the catalogue within so many days before it."""


def products(spark: SparkSession, world: World) -> DataFrame:
    """The catalogue: a good arrives on the eve of its first day of sale. Goods of a chain say whom they are for."""
    draws, product = Draws(world.seed), F.col("id")
    category = category_of(product)
    size = rank_of(product) % SIZES + 1
    printed = size.cast("string")
    pack = F.replace(at([each.pack for each in CATEGORIES], category), F.lit("{size}"), printed)
    youngest, oldest = months_of(category, size)
    launched = launch_day(draws, world.days, product)
    before = F.lit(OPENING) - draws.below(SEASONED_DAYS, "first seen", product)
    brand = F.concat(
        F.lit("Brand "), category_name(category), F.lit(" "), whole(rank_of(product) / SIZES).cast("string")
    )
    record = F.struct(
        product_id(product).alias("product_id"),
        F.concat_ws(", ", F.initcap(category_name(category)), brand, pack).alias("title"),
        at([each.department for each in CATEGORIES], category).alias("department"),
        category_name(category).alias("category"),
        F.concat_ws(" ", category_name(category), pack).alias("product_type"),
        brand.alias("brand"),
        pack.alias("package_size"),
        at([str(each.pieces) for each in CATEGORIES], category).alias("pack_quantity"),
        F.when(youngest.isNotNull(), printed).alias("size_label"),
        youngest.cast("string").alias("age_from_months"),
        oldest.cast("string").alias("age_to_months"),
        date_of(world, F.when(launched > 0, launched - 1).otherwise(before))
        .cast("string")
        .alias("first_seen_on"),
    )
    return _records(spark.range(world.products), product_id(product), record, launched - 1)


def stores(spark: SparkSession, world: World) -> DataFrame:
    """The shops; all keep the business's time zone."""
    store = F.col("id")
    north, east = coordinates(store)
    record = F.struct(
        store_id(store).alias("store_id"),
        F.concat(F.lit("Shop "), (store + 1).cast("string")).alias("name"),
        region(store).alias("region"),
        F.lit(world.time_zone).alias("time_zone"),
        north.cast("string").alias("latitude"),
        east.cast("string").alias("longitude"),
    )
    return _records(spark.range(world.stores), store_id(store), record, F.lit(OPENING))


def customers(people: DataFrame, world: World) -> DataFrame:
    """Loyalty forms, on the day they were filled; of those from before the world, with its opening.

    A child born by then is counted, and in seven forms of ten named with its birth date.
    """
    draws, person = Draws(world.seed), F.col("person")
    child = F.coalesce(F.col("birth_day") <= F.col("form_day"), F.lit(False))
    born = F.struct(date_of(world, F.col("birth_day")).cast("string").alias("born_on"))
    ages = at(("19-24", "25-34", "35-44", "45-54", "55-64", "65+"), draws.below(6, "age", F.col("household")))
    record = F.struct(
        loyalty_card(person).alias("loyalty_card"),
        F.when(F.col("form_day") >= 0, date_of(world, F.col("form_day")).cast("string")).alias("joined_on"),
        typed(F.col("email"), draws.uniform("form email", person)).alias("email"),
        dictated(F.col("phone"), draws.uniform("form phone", person)).alias("phone"),
        F.when(F.col("mailed_from").isNotNull(), F.array(F.struct(F.lit("email").alias("channel")))).alias(
            "consents"
        ),
        ages.alias("age_band"),
        F.when(child, "1").otherwise("None/Unknown").alias("kids_count"),
        F.when(child & draws.chance(0.7, "form child", person), F.array(born)).alias("children"),
    )
    forms = people.where(F.col("form_day").isNotNull())
    return _records(forms, loyalty_card(person), record, F.col("form_day"))


def campaigns(spark: SparkSession, world: World) -> DataFrame:
    """Campaigns, known on the eve of their day."""
    day = F.col("day")
    record = F.struct(
        campaign_id(day).alias("campaign_id"),
        F.concat(F.lit("Week of "), category_name(campaign_category(day))).alias("name"),
        F.lit("email").alias("channel"),
        date_of(world, day).cast("string").alias("starts_on"),
        date_of(world, day).cast("string").alias("ends_on"),
    )
    return _records(_days(spark, campaign_days(world)), campaign_id(day), record, day - 1)


def offers(spark: SparkSession, world: World) -> DataFrame:
    """The price of each good, from its first day on, and its stock in three shops."""
    draws, product = Draws(world.seed), F.col("id")
    launched = launch_day(draws, world.days, product)
    lots = F.transform(
        F.sequence(F.lit(0), F.lit(min(STOCKED, world.stores) - 1)),
        lambda n: F.struct(
            store_id((product + n) % world.stores).alias("store_id"),
            draws.below(60, "stock", product, n).alias("quantity"),
        ),
    )
    record = F.struct(
        product_id(product).alias("product_id"),
        date_of(world, launched).cast("string").alias("valid_on"),
        amount(price_cents(draws, product)).alias("price"),
        F.concat(F.lit("https://shop.example/p/"), product_id(product)).alias("url"),
        lots.alias("stock"),
    )
    return _records(spark.range(world.products), product_id(product), record, launched - 1)


def promotions(spark: SparkSession, world: World) -> DataFrame:
    """One promotion a fortnight, of a brand, known on its eve."""
    day = F.col("day")
    category = whole(day / PROMOTED_DAYS) % len(CATEGORIES)
    name = F.concat(F.lit("promotion-"), F.lpad(whole(day / PROMOTED_DAYS).cast("string"), 4, "0"))
    brand = F.concat(F.lit("Brand "), category_name(category), F.lit(" 0"))
    record = F.struct(
        name.alias("promotion_id"),
        F.concat(F.lit("Fortnight of "), category_name(category)).alias("name"),
        date_of(world, day).cast("string").alias("starts_on"),
        date_of(world, day + PROMOTED_DAYS - 1).cast("string").alias("ends_on"),
        F.array(F.struct(brand.alias("brand"))).alias("brands"),
    )
    return _records(_days(spark, list(range(0, world.days, PROMOTED_DAYS))), name, record, day - 1)


def channel_costs(spark: SparkSession, world: World) -> DataFrame:
    """What each channel cost on each day."""
    draws, day = Draws(world.seed), F.col("day")
    place = F.col("channel")
    costs = _days(spark, list(range(world.days))).withColumn(
        "channel", F.explode(F.sequence(F.lit(0), F.lit(len(CHANNELS) - 1)))
    )
    channel = at(CHANNELS, place)
    cents = draws.below(world.households * 2 + 1, "cost", day, place) * (place + 1)
    record = F.struct(
        date_of(world, day).cast("string").alias("spent_on"),
        channel.alias("channel"),
        amount(cents).alias("cost"),
    )
    return _records(costs, F.concat_ws("/", channel, day.cast("string")), record, day)


def weather(spark: SparkSession, world: World) -> DataFrame:
    """The weather of each region and day: forecast on the eve, measured with the day's own drop."""
    draws, day, place = Draws(world.seed), F.col("day"), F.col("place")
    each = (
        _days(spark, list(range(world.days)))
        .select("day", F.explode(F.sequence(F.lit(0), F.lit(len(REGIONS) - 1))).alias("place"))
        .select("*", F.explode(F.lit(["forecast", "measured"])).alias("kind"))
    )
    measured = F.col("kind") == "measured"
    season = F.cos((F.dayofyear(date_of(world, day)) - 200) * (6.283185307179586 / 365)) * 11 + 9
    truth = season + place + draws.normal(0, 3, "temperature", day, place)
    missed = F.when(measured, 0).otherwise(draws.normal(0, 1.5, "forecast error", day, place))
    wet = draws.chance(0.35, "rain", day, place)
    rain = draws.uniform("rainfall", day, place) * 20
    record = F.struct(
        at(REGIONS, place).alias("region"),
        date_of(world, day).cast("string").alias("day"),
        "kind",
        _tenths(truth + missed).alias("temperature"),
        F.when(measured, _tenths(F.when(wet, rain).otherwise(0))).alias("precipitation"),
        F.when(
            ~measured, (whole(draws.uniform("rain chance", day, place) * 50) + F.when(wet, 50).otherwise(0))
        )
        .cast("string")
        .alias("precipitation_chance"),
    )
    return _records(
        each, F.concat_ws("/", "day", "place", "kind"), record, day - F.when(measured, 0).otherwise(1)
    )


def _tenths(number: Column) -> Column:
    return number.cast("decimal(6,1)").cast("string")


def _days(spark: SparkSession, days: list[int]) -> DataFrame:
    """One row a day, in `day`."""
    return spark.range(1).select(F.explode(F.lit(days).cast("array<bigint>")).alias("day"))


def _records(rows: DataFrame, key: Column, record: Column, drop_day: Column) -> DataFrame:
    return rows.select(record.alias("record"), key.alias("id"), drop_day.cast("long").alias("drop_day"))
