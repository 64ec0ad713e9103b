"""A web visit: the row it is, the steps it takes, and the browser it comes from."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.simulate.agents import HUMANS
from pipelines.simulate.clock import day_of
from pipelines.simulate.contacts import login, push_token
from pipelines.simulate.draws import Draws, at, choice
from pipelines.simulate.places import region
from pipelines.simulate.world import World

STEP_SECONDS = 20
COOKIE_DAYS = 180
"""A browser forgets its cookie after so many days."""

SOURCES, SOURCE_WEIGHTS = ("direct", "organic", "paid", "social"), (0.4, 0.35, 0.15, 0.1)

_STEP = "struct<kind:string,category:string,product:string>"
COLUMNS = (
    "person",  # null: nobody
    "visit",  # an id
    "cookie",
    "login",  # known from the step `login` on; null: none
    "signs_in",  # whether that step is taken
    "email",  # given when signing in, by every second one; null: none
    "push_token",  # null: none
    "agent",  # what the browser calls itself
    "region",  # where the visitor is; null: not told
    "source",  # one of `SOURCES`, or `mail`
    "mail_link",  # null: no mail led here
    "campaign",  # null: no mail, or one of no campaign
    "order_id",  # null: nothing is ordered
    "started_at",
    "steps",  # structs of `kind`, `category` and `product`, each null where it has none
)


def step(kind: str, *, product: Column | None = None, category: Column | None = None) -> Column:
    """One step of a visit."""
    nothing = F.lit(None).cast("string")
    return F.struct(
        F.lit(kind).alias("kind"),
        (nothing if category is None else category).alias("category"),
        (nothing if product is None else product).alias("product"),
    )


def steps(*parts: Column | None) -> Column:
    """Arrays of steps, one after the other; a null one is left out."""
    return F.concat(
        *(F.coalesce(part, F.array().cast(f"array<{_STEP}>")) for part in parts if part is not None)
    )


def if_so(condition: Column, taken: Column) -> Column:
    """One step as an array, where the condition holds; null elsewhere."""
    return F.when(condition, F.array(taken))


def cookie(world: World, device: Column, moment: Column) -> Column:
    """The cookie of one of a person's devices at an instant; each device forgets on days of its own."""
    draws, person = Draws(world.seed), F.col("person")
    age = day_of(world, moment) + draws.below(COOKIE_DAYS, "cookie age", person, device)
    return draws.token("cookie", person, device, F.floor(age / COOKIE_DAYS))


def each_day(people: DataFrame, world: World) -> DataFrame:
    """Each person on each `day` of the world."""
    first, last = (F.lit(day).cast("long") for day in (0, world.days - 1))
    return people.withColumn("day", F.explode(F.sequence(first, last)))


def of_people(visits: DataFrame, world: World, purpose: str, *ids: Column) -> DataFrame:
    """`COLUMNS` of visits by persons, each from one of their devices; what is not there yet is drawn, or null."""
    draws, person = Draws(world.seed), F.col("person")
    device = draws.below(F.col("devices"), f"{purpose} device", *ids)
    agent = at(HUMANS, draws.below(len(HUMANS), "agent", person, device))
    source = at(SOURCES, choice(draws.uniform(f"{purpose} source", *ids), SOURCE_WEIGHTS))
    nothing = F.lit(None).cast("string")
    given = {
        "visit": draws.token(f"{purpose} visit", *ids),
        "cookie": cookie(world, device, F.col("started_at")),
        "login": F.when(F.col("has_login"), login(draws, person)),
        "signs_in": F.lit(False),
        "push_token": F.when(F.col("takes_push") & (device == 0), push_token(draws, person)),
        "agent": agent,
        "region": region(F.col("home_store")) if "home_store" in visits.columns else nothing,
        "source": source,
        "mail_link": nothing,
        "campaign": nothing,
        "order_id": nothing,
    }
    return visits.withColumns({n: column for n, column in given.items() if n not in visits.columns}).select(
        *COLUMNS
    )
