"""The people of a world: one row a person, every trait a function of the person's number.

Household h holds the persons 2 h and, in two of five, 2 h + 1. Days are whole numbers, 0 being the world's
first.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from pipelines.simulate.contacts import email_address, phone_number
from pipelines.simulate.draws import Draws, at, rank, whole
from pipelines.simulate.goods import ALWAYS_SOLD, CATEGORIES, SIZES, product_at
from pipelines.simulate.world import OPENING, World

STAGES = ("seen", "considered", "in_cart")
"""How far the third interest goes: looked at on the site, never bought by one's own choice."""

CHILD_DAYS = 900
"""The age up to which a child's chains run."""

Traits = dict[str, Column]


def persons(spark: SparkSession, world: World, *, partitions: int | None = None) -> DataFrame:
    """One row per person.

    `person`, `household`, `adult` (0 or 1), and the traits that the functions below explain.
    """
    draws = Draws(world.seed)
    everyone = spark.range(0, 2 * world.households, 1, partitions).withColumnRenamed("id", "person")
    known = everyone.withColumns({"household": whole(F.col("person") / 2), "adult": F.col("person") % 2})
    known = known.withColumn("in_pair", draws.chance(0.4, "second adult", F.col("household")))
    known = known.where((F.col("adult") == 0) | F.col("in_pair"))
    for traits in (_as_buyer, as_visitor, as_reader, _interests, _habits):
        known = known.withColumns(traits(draws, world))
    return known


def _as_buyer(draws: Draws, world: World) -> Traits:
    """How a person shops and pays.

    `home_store`; `trip_rate`: own shopping trips a day; `form_day`: when the loyalty form was filled, long after
    the card was first used for one in five (null: no card); `phone` (null: none given), shared by a family's two
    adults where `phone_shared`; `has_bank_card`: pays with one whose token the till knows.
    """
    person, household = F.col("person"), F.col("household")
    shares = F.col("in_pair") & draws.chance(0.4, "family phone", household)
    late = draws.chance(0.2, "late form", person)
    place = 2 * household + F.when(shares, F.lit(0)).otherwise(F.col("adult"))
    return {
        "home_store": rank(draws.uniform("home store", person), world.stores),
        "trip_rate": draws.uniform("trip rate", person) * 0.12 + 0.04,
        "form_day": F.when(
            draws.chance(0.75, "card", person),
            F.when(late, draws.below(world.days, "form day", person)).otherwise(F.lit(OPENING).cast("long")),
        ),
        "phone": F.when(draws.chance(0.75, "phone", household), phone_number(place)),
        "phone_shared": shares,
        "has_bank_card": draws.chance(0.6, "bank card", person),
    }


def as_visitor(draws: Draws, world: World) -> Traits:
    """What a person does on the site.

    `on_web`: uses it; `has_login`; `online_share` of own purchases; `devices`: 1 or 2; `takes_push`.
    """
    person = F.col("person")
    on_web = draws.chance(0.7, "on the web", person)
    return {
        "on_web": on_web,
        "has_login": on_web & draws.chance(0.55, "login", person),
        "online_share": F.when(on_web, draws.uniform("online share", person) * 0.3).otherwise(0.0),
        "devices": F.when(draws.chance(0.35, "second device", person), 2).otherwise(1),
        "takes_push": on_web & draws.chance(0.2, "push", person),
    }


def as_reader(draws: Draws, world: World) -> Traits:
    """Where a person's mails go, and what becomes of them.

    `email` (null: none); `mailed_from`: the day from which mails may go there (null: no consent, or nobody told the
    address); `dead_address`: all mails bounce; `proxied`: the mail programme opens every mail by itself; `scanned`:
    a gateway clicks every link; `open_rate`; `responsive`: 0 to 1, what uplifts grow with.
    """
    person, form_day = F.col("person"), F.col("form_day")
    email = F.when(draws.chance(0.75, "email", person), email_address(person))
    told = F.least(form_day, F.when(F.col("has_login"), F.lit(0).cast("long")))
    return {
        "email": email,
        "mailed_from": F.when(email.isNotNull() & draws.chance(0.8, "consent", person), told),
        "dead_address": draws.chance(0.02, "dead address", person),
        "proxied": draws.chance(0.3, "mail proxy", person),
        "scanned": draws.chance(0.05, "mail scanner", person),
        "open_rate": draws.uniform("open rate", person) * 0.4 + 0.15,
        "responsive": draws.uniform("responsive", person),
    }


def _interests(draws: Draws, world: World) -> Traits:
    """`first`, `second` and `third`: three categories of interest; `third_stage`: how far the third goes."""
    person, count = F.col("person"), len(CATEGORIES)
    first = draws.below(count, "first interest", person)
    step = draws.below(count - 1, "second interest", person) + 1
    other = draws.below(count - 2, "third interest", person) + 1
    further = other + F.when(other >= step, 1).otherwise(0)  # any step but the second's
    return {
        "first": first,
        "second": (first + step) % count,
        "third": (first + further) % count,
        "third_stage": at(STAGES, draws.below(len(STAGES), "third stage", person)),
    }


def _habits(draws: Draws, world: World) -> Traits:
    """What a person buys again and again.

    `cycle_0` and `cycle_1`: a good of the first and of the second interest, bought every `days_0` and `days_1` days
    (null: no such habit), counted from `phase_0` and `phase_1`; `birth_day` of a small child (null: none), and the
    `family` of goods, of one brand, that grows with it.
    """
    person = F.col("person")
    traits: Traits = {}
    for number, (interest, share, least, span) in enumerate((("first", 0.6, 7, 29), ("second", 0.4, 14, 47))):
        days = draws.below(span, f"cycle {number} days", person) + least
        has = draws.chance(share, f"cycle {number}", person)
        good = product_at(F.col(interest), rank(draws.uniform(f"cycle {number} good", person), ALWAYS_SOLD))
        traits |= {
            f"days_{number}": F.when(has, days),
            f"cycle_{number}": F.when(has, good),
            f"phase_{number}": draws.below(days, f"cycle {number} phase", person),
        }
    has_child = (F.col("adult") == 0) & draws.chance(0.3, "child", person)
    return traits | {
        "birth_day": F.when(has_child, draws.below(CHILD_DAYS + 90, "birth", person) - CHILD_DAYS),
        "family": draws.below(world.per_category // SIZES, "family of goods", person),
    }
