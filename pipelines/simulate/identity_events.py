"""What people make known of themselves: codes typed in, a shop's Wi-Fi, push (a record frame: see `receipts`).

A family's phone is in one adult's pocket: only that one gets its codes.
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.simulate.clock import HOUR, instant, within, written
from pipelines.simulate.contacts import dictated, login, loyalty_card, push_token
from pipelines.simulate.draws import Draws
from pipelines.simulate.places import store_id
from pipelines.simulate.world import World

CONFIRMED_CARD, CONFIRMED_LOGIN, WIFI, PUSH = 0.5, 0.4, 0.15, 0.5
"""Shares: of phones on a loyalty form that are confirmed by a code, of those of accounts, of people who once sign up
for a shop's Wi-Fi, and of those who take push messages who gave their number for it."""


def happened(people: DataFrame, world: World) -> DataFrame:
    """One row per event: `person`, `kind`, `at`, and what is made known; null: nothing of that.

    `card`, `login`, `phone`, `push_token`, `device_id`, `store_id`; only what happens while the world lasts.
    """
    draws, person = Draws(world.seed), F.col("person")
    holds = F.col("phone").isNotNull() & (~F.col("phone_shared") | (F.col("adult") == 0))
    form_day = F.greatest("form_day", F.lit(0).cast("long"))
    confirmed = [
        _event(
            draws,
            people.where(
                holds & F.col("form_day").isNotNull() & draws.chance(CONFIRMED_CARD, "code", person)
            ),
            "phone_confirmed",
            form_day,
            card=loyalty_card(person),
            store_id=store_id(F.col("home_store")),
            world=world,
        ),
        _event(
            draws,
            people.where(holds & F.col("has_login") & draws.chance(CONFIRMED_LOGIN, "code online", person)),
            "phone_confirmed",
            draws.below(world.days, "code day", person),
            login=login(draws, person),
            world=world,
        ),
    ]
    others = [
        _event(
            draws,
            people.where(holds & draws.chance(WIFI, "wifi", person)),
            "wifi_sign_up",
            draws.below(world.days, "wifi day", person),
            device_id=F.concat(F.lit("wifi-"), draws.token("wifi device", person)),
            store_id=store_id(F.col("home_store")),
            world=world,
        ),
        _event(
            draws,
            people.where(holds & F.col("takes_push") & draws.chance(PUSH, "push phone", person)),
            "push_allowed",
            draws.below(world.days, "push day", person),
            push_token=push_token(draws, person),
            world=world,
        ),
    ]
    return reduce(DataFrame.unionByName, [*confirmed, *others]).where(within(world, F.col("at")))


def _event(
    draws: Draws, people: DataFrame, kind: str, day: Column, *, world: World, **known: Column
) -> DataFrame:
    nothing = F.lit(None).cast("string")
    fields = {
        name: known.get(name, nothing) for name in ("card", "login", "push_token", "device_id", "store_id")
    }
    second = draws.below(12 * HOUR, f"made known {kind}", F.col("person")) + 9 * HOUR
    return people.select(
        "person",
        F.lit(kind).alias("kind"),
        instant(world, day, second).alias("at"),
        "phone",
        *(column.alias(name) for name, column in fields.items()),
    )


def identity_records(events: DataFrame, world: World) -> DataFrame:
    """The records of `identity_events`, from what `happened` gives."""
    draws, person = Draws(world.seed), F.col("person")
    online = F.when(F.col("login").isNotNull(), "online").otherwise("shop")
    event_id = F.concat_ws("-", F.col("kind"), online, person.cast("string"))
    record = F.struct(
        event_id.alias("event_id"),
        "kind",
        written(F.col("at")).alias("occurred_at"),
        "store_id",
        F.col("card").alias("loyalty_card"),
        "login",
        dictated(F.col("phone"), draws.uniform("phone typed", person)).alias("phone"),
        "push_token",
        "device_id",
    )
    return events.select(
        record.alias("record"),
        event_id.alias("id"),
        "at",
        F.lit(0).alias("lines"),
        F.lit(0).cast("long").alias("cents"),
        F.col("at").alias("dated_at"),
        F.lit(False).alias("replaced"),
    )
