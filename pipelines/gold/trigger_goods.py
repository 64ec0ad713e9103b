"""What raises messages about goods: changes of their price and stock, forecasts, promotions near by; and the weather.

As `trigger_kinds`: each function gives the candidates of all triggers of its kind in one frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.calc.triggers.definitions import Trigger
from pipelines.calc.triggers.kinds import OnChange, OnForecast, OnWeather
from pipelines.gold.trigger_kinds import first_day, owned, period, shaped, told, within
from pipelines.gold.weather_normals import forecasts as forecast_of_regions
from pipelines.gold.weather_normals import normals
from pipelines.lakehouse.types import DOUBLE, STRING

FAVOURITES = 5
"""So many of a person's favourite categories are looked at."""


def changes(
    offers: DataFrame,
    stock: DataFrame,
    products: DataFrame,
    sessions: DataFrame,
    interest_profiles: DataFrame,
    persons: DataFrame,
    triggers: Sequence[Trigger],
    as_of: date,
    close: datetime,
) -> DataFrame:
    """One row per trigger, person and day on which goods that concern the person changed, the most changed first."""
    first, events = first_day(triggers, as_of), [t.when for t in triggers if isinstance(t.when, OnChange)]
    known = F.col("valid_on") <= F.lit(as_of)
    of_good = Window.partitionBy("product_id").orderBy("valid_on")
    share = 1 - F.col("price") / F.lag("price").over(of_good)
    cheaper = offers.where(known & (F.col("price") > 0)).select(
        "product_id", F.col("valid_on").alias("day"), F.lit("price_drop").alias("change"), share.alias("by")
    )
    held = stock.where(known).groupBy("product_id", "valid_on").agg(F.sum("quantity").alias("quantity"))
    before = F.lag("quantity").over(of_good)
    returned = F.when((F.col("quantity") > 0) & (before <= 0), F.lit(1.0))
    again = held.select(
        "product_id",
        F.col("valid_on").alias("day"),
        F.lit("back_in_stock").alias("change"),
        returned.alias("by"),
    )
    changed = cheaper.unionByName(again).where((F.col("day") >= F.lit(first)) & (F.col("by") > 0))
    look_back = as_of - timedelta(max(event.look_back_days for event in events))
    found = (
        _seen(sessions, persons, look_back, as_of)
        .join(changed, on="product_id", how="inner")
        .unionByName(_arrived(products, interest_profiles, first, as_of))
    )
    conditions = [
        (each, _concerns(each.when, as_of) & within("day", each, as_of))
        for each in triggers
        if isinstance(each.when, OnChange)
    ]
    goods = F.array_sort(F.collect_set(F.struct((-F.col("by")).alias("less"), "product_id")))
    raised = (
        told(found, conditions)
        .groupBy("trigger", "person_id", "day")
        .agg(goods.alias("_goods"))
        .withColumns(
            {
                "products": F.transform("_goods", lambda each: each["product_id"]),
                "occasion": F.concat_ws("/", F.col("day").cast(STRING), "person_id"),
                "occurred_at": F.lit(close),
            }
        )
    )
    return shaped(raised, "store_id")


def _concerns(event: OnChange, as_of: date) -> Column:
    """Whether a change of a good that a person saw, or of a new one, is what the trigger waits for."""
    fits = F.col("change") == event.change
    if event.change == "new_arrival":
        return fits
    lately = F.col("seen_on") > F.lit(as_of - timedelta(event.look_back_days))
    least = F.col("by") >= event.least_share if event.change == "price_drop" else F.lit(True)
    return fits & lately & least & F.col("how").isin(*event.seen)


def _seen(sessions: DataFrame, persons: DataFrame, since: date, as_of: date) -> DataFrame:
    """`person_id, product_id, how, seen_on`: goods that known people looked at or put into the cart."""
    recent = sessions.where(
        F.col("started_on").between(F.lit(since), F.lit(as_of)) & ~F.col("is_crawler")
    ).select("anchor_type", "anchor_value", "started_on", "products", "cart_products")
    whose = owned(recent, persons).where(F.col("person_id").isNotNull())
    did = [
        whose.select("person_id", F.explode(goods).alias("product_id"), F.lit(how).alias("how"), "started_on")
        for how, goods in (("view", "products"), ("cart", "cart_products"))
    ]
    seen = did[0].unionByName(did[1]).groupBy("person_id", "product_id", "how")
    return seen.agg(F.max("started_on").alias("seen_on"))


def _arrived(products: DataFrame, interest_profiles: DataFrame, first: date, as_of: date) -> DataFrame:
    """New goods of people's favourite categories, in the columns of `_seen` and of the changes."""
    new = products.where(F.col("first_seen_on").between(F.lit(first), F.lit(as_of))).select(
        "product_id", "category", F.col("first_seen_on").alias("day")
    )
    return (
        _favourites(interest_profiles)
        .join(new, on="category", how="inner")
        .select(
            "person_id",
            "product_id",
            F.lit("new").alias("how"),
            F.col("day").alias("seen_on"),
            "day",
            F.lit("new_arrival").alias("change"),
            F.col("affinity").alias("by"),
        )
    )


def _favourites(interest_profiles: DataFrame) -> DataFrame:
    liked = interest_profiles.where((F.col("kind") == "category") & (F.col("rank") <= FAVOURITES))
    return liked.select("person_id", F.col("value").alias("category"), "affinity")


def forecasts(
    recommendations: DataFrame, triggers: Sequence[Trigger], as_of: date, close: datetime
) -> DataFrame:
    """One row per trigger and person for whom the model foresees something, on the first day of each span."""
    today = recommendations.where(F.col("as_of") == F.lit(as_of))
    conditions, day = [], F.lit(None).cast(STRING)
    for each in triggers:
        if isinstance(each.when, OnForecast):
            began = period(each.when.every_days, as_of)
            best = (F.col("model") == each.when.model) & (F.col("rank") <= each.when.best)
            conditions.append((each, best & F.lit(began >= first_day([each], as_of))))
            day = F.when(F.col("trigger") == each.name, F.lit(str(began))).otherwise(day)
    ranked = F.array_sort(F.collect_list(F.struct("rank", "product_id")))
    found = told(today, conditions).groupBy("trigger", "person_id").agg(ranked.alias("_best"))
    return shaped(
        found.withColumns(
            {
                "products": F.transform("_best", lambda each: each["product_id"]),
                "occasion": F.concat_ws("/", day, "person_id"),
                "occurred_at": F.lit(close),
            }
        ),
        "store_id",
    )


def near_stores(
    locations: DataFrame,
    promotions: DataFrame,
    products: DataFrame,
    interest_profiles: DataFrame,
    persons: DataFrame,
    triggers: Sequence[Trigger],
    as_of: date,
) -> DataFrame:
    """One row per trigger, person, day and shop that they were near, where goods of interest are promoted in it.

    Who did not agree to be located sends no ping (`silver.locations`). The last ping of the day counts.
    """
    first = first_day(triggers, as_of)
    near = owned(
        locations.where(
            F.col("occurred_on").between(F.lit(first), F.lit(as_of)) & F.col("store_id").isNotNull()
        ),
        persons,
    ).where(F.col("person_id").isNotNull())
    pings = near.groupBy("person_id", "store_id", F.col("occurred_on").alias("day")).agg(
        F.max("occurred_at").alias("occurred_at")
    )
    open_ended = F.coalesce("ends_on", F.lit(as_of))
    running = promotions.where((F.col("starts_on") <= F.lit(as_of)) & (open_ended >= F.lit(as_of)))
    promoted = running.select(F.explode("products").alias("product_id"), F.col("stores").alias("_in"))
    liked = _favourites(interest_profiles).join(
        promoted.join(products.select("product_id", "category"), on="product_id", how="inner"),
        on="category",
        how="inner",
    )
    there = F.col("_in").isNull() | F.array_contains("_in", F.col("store_id"))
    goods = F.array_sort(F.collect_set(F.struct((-F.col("affinity")).alias("less"), "product_id")))
    found = (
        pings.join(liked, on="person_id", how="inner")
        .where(there)
        .groupBy("person_id", "store_id", "day", "occurred_at")
        .agg(goods.alias("_goods"))
        .withColumns(
            {
                "products": F.transform("_goods", lambda each: each["product_id"]),
                "occasion": F.concat_ws("/", F.col("day").cast(STRING), "store_id", "person_id"),
            }
        )
    )
    conditions = [(each, within("day", each, as_of)) for each in triggers]
    return shaped(told(found, conditions))


def weather_days(
    weather: DataFrame, everybody: DataFrame, triggers: Sequence[Trigger], as_of: date, close: datetime
) -> DataFrame:
    """One row per trigger and person in whose region the weather of the next day is forecast to be so.

    A trigger that asks for a distance from the normal raises nothing where no normal is known.
    """
    coming = F.lit(as_of + timedelta(1))
    usual = normals(weather, as_of + timedelta(1), as_of)
    last = forecast_of_regions(weather, as_of).join(usual, on="region", how="left")
    conditions = []
    for each in triggers:
        if isinstance(each.when, OnWeather):
            measure = F.col(each.when.measure)
            fits = measure.isNotNull() & F.lit(
                not each.when.weekdays or as_of.isoweekday() in each.when.weekdays
            )
            if each.when.at_least is not None:
                fits &= measure >= each.when.at_least
            if each.when.at_most is not None:
                fits &= measure <= each.when.at_most
            above = measure.cast(DOUBLE) - F.col(f"normal_{each.when.measure}")
            if each.when.above_normal is not None:
                fits &= above >= each.when.above_normal
            if each.when.below_normal is not None:
                fits &= -above >= each.when.below_normal
            conditions.append((each, fits))
    people = everybody.select("person_id", "region").join(F.broadcast(last), on="region", how="inner")
    occasion = F.concat_ws("/", coming.cast(STRING), "person_id")
    raised = told(people, conditions).withColumns({"occasion": occasion, "occurred_at": F.lit(close)})
    return shaped(raised, "store_id", "products")
