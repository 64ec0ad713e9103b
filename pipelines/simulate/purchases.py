"""What people buy: one row a purchase, of its person, its reasons and its lines.

A person's own purchases come of trips (a rate that the week and the season bend), of habits that fall due,
and of a child who grows; one purchase a day holds them all. A mail's causes are purchases of their own
(`caused`).
"""

from __future__ import annotations

from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.simulate import habits
from pipelines.simulate.baskets import lined
from pipelines.simulate.clock import HOUR, date_of, instant
from pipelines.simulate.draws import Draws, at, choice, geometric, whole
from pipelines.simulate.places import store_id, till_id
from pipelines.simulate.world import World

FULFILMENTS = ("delivered_from_stock", "delivered_from_shop", "picked_up")
SLOTS = 32
"""Purchases that a person can make on a day, returns included: 0 is the own one, mails' causes follow."""

_WEEK = (0.9, 0.85, 0.9, 1.0, 1.2, 1.5, 0.65)
_YEAR = (0.9, 0.9, 0.95, 1.0, 1.0, 1.0, 0.95, 1.0, 1.05, 1.0, 1.1, 1.35)


def own(people: DataFrame, world: World) -> DataFrame:
    """The purchases that people make by themselves.

    Returns:
        `people` with `day`, `slot` (0), `wanted` (null: free choice), `free` (lines of free choice), `due`
        (goods that a habit or a child asks for), and what `placed` adds. At least one line each.
    """
    draws, person, day = Draws(world.seed), F.col("person"), F.col("day")
    days = people.withColumn(
        "day", F.explode(F.sequence(F.lit(0).cast("long"), F.lit(world.days - 1).cast("long")))
    )
    date = date_of(world, day)
    weekday = (F.dayofweek(date) + 5) % 7  # from Monday; Sail's `weekday` has no Sundays
    bent = at(_WEEK, weekday) * at(_YEAR, F.month(date) - 1)
    tripped = draws.chance(F.col("trip_rate") * bent, "trip", person, day)
    due = {f"due_{number}": good for number, good in enumerate(habits.due(draws))}
    trips = days.withColumns({"tripped": tripped, **due})
    going = reduce(or_, (F.col(name).isNotNull() for name in due), F.col("tripped"))
    free = F.when(F.col("tripped"), geometric(draws.uniform("basket", person, day), 3.0) + 1).otherwise(0)
    chosen = trips.where(going).withColumns(
        {
            "slot": F.lit(0).cast("long"),
            "wanted": F.lit(None).cast("long"),
            "free": free.cast("long"),
            "due": F.array_compact(F.array(*map(F.col, due))),
        }
    )
    return placed(chosen.drop("tripped", *due), world)


def caused(mails: DataFrame, world: World) -> DataFrame:
    """The purchases that mails cause: `mails`, where `caused`, with the columns of `own`; one each.

    `mails` gives `bought_on` (day), `slot` and `wanted`, the category that the mail was about.
    """
    draws, person = Draws(world.seed), F.col("person")
    made = mails.withColumns(
        {
            "day": F.col("bought_on"),
            "free": geometric(draws.uniform("caused basket", person, F.col("bought_on"), F.col("slot")), 1.5)
            + 1,
            "due": F.array().cast("array<bigint>"),
        }
    )
    return placed(made.where(F.col("caused")), world)


def placed(purchases: DataFrame, world: World) -> DataFrame:
    """Where, when and how each purchase is made.

    Adds `online`; `fulfilment` (null: at a till); `store` and `till`; `at`, the instant of the order or the
    receipt; `paid_day` and `paid_at`, of the receipt (null: no till is involved); `card_shown`; `order_id`
    (null: none); `receipt_no` and `receipt_id`, as silver names it (null: none); `lines`: structs of
    `product`, `quantity`, `cents` paid for the line, `discount` in cents for the card.
    """
    draws = Draws(world.seed)
    ids = (F.col("person"), F.col("day"), F.col("slot"))
    online = draws.chance(F.col("online_share"), "online", *ids)
    at_till = F.greatest(
        F.lit(8 * HOUR), F.least(F.lit(22 * HOUR - 60), whole(draws.normal(15, 3, "hour", *ids) * HOUR))
    )
    on_line = draws.below(17 * HOUR, "online hour", *ids) + 7 * HOUR
    away = draws.chance(0.1, "another store", *ids)
    made = purchases.withColumn("online", online).withColumns(
        {
            "fulfilment": F.when(
                F.col("online"), at(FULFILMENTS, choice(draws.uniform("fulfilment", *ids), (0.4, 0.2, 0.4)))
            ),
            "store": F.when(away, draws.below(world.stores, "other store", *ids)).otherwise(
                F.col("home_store")
            ),
            "till": draws.below(3, "till", *ids) + 1,
            "at": instant(world, F.col("day"), F.when(F.col("online"), on_line).otherwise(at_till)),
            "card_shown": F.col("form_day").isNotNull() & draws.chance(0.85, "card shown", *ids),
            "number": (F.col("person") * SLOTS + F.col("slot")),
        }
    )
    wait = draws.below(2, "pick-up", *ids) + 1
    made = made.withColumn(
        "waited",
        F.when(~F.col("online"), F.lit(0)).when(F.col("fulfilment") == "picked_up", wait).cast("long"),
    )
    noon = draws.below(9 * HOUR, "pick-up hour", *ids) + 10 * HOUR
    made = made.withColumns(
        {
            "order_id": F.when(F.col("online"), F.concat(F.lit("O"), "number", F.lit("D"), "day")),
            "paid_day": F.col("day") + F.col("waited"),
            "paid_at": F.when(F.col("waited") == 0, F.col("at")).otherwise(
                instant(world, F.col("day") + F.col("waited"), noon)
            ),
            "receipt_no": receipt_no(F.col("number"), F.col("waited"), F.lit(0)),
        }
    )
    named = made.withColumn("receipt_id", receipt_id(world, F.col("receipt_no"), F.col("paid_day")))
    return lined(named, world)


def receipt_no(number: Column, waited: Column, kept: Column) -> Column:
    """The number that the till prints: unique within shop, till and day; null where no till is involved.

    Args:
        number: Of the purchase, unique within its day.
        waited: Days to its pick-up, at most 2.
        kept: Days to its return, at most 15; 0: a sale.
    """
    return ((number * 3 + waited) * 16 + kept).cast("string")


def receipt_id(world: World, number: Column, day: Column) -> Column:
    """The receipt as silver names it, of the purchase's `store` and `till`; null without a number."""
    date = date_of(world, day).cast("string")
    parts = F.concat_ws("/", store_id(F.col("store")), till_id(F.col("till")), number, date)
    return F.when(number.isNotNull(), parts)
