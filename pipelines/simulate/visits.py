"""Web visits of people: one row a visit, with the steps it takes.

Why people come: to buy, to look at what they then buy in a shop (ROPO), by a mail's link, or to browse what
interests them; the third interest goes as far as its stage says. Kiosks in the shops have one cookie each, on
which many sign in.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.simulate.agents import KIOSK
from pipelines.simulate.baskets import chosen_category, chosen_good, sold
from pipelines.simulate.clock import HOUR, instant, later
from pipelines.simulate.contacts import login
from pipelines.simulate.draws import Draws, geometric
from pipelines.simulate.goods import category_name, product_at, product_id
from pipelines.simulate.mails import key, link_good, link_id
from pipelines.simulate.visit import STEP_SECONDS, cookie, each_day, if_so, of_people, step, steps
from pipelines.simulate.world import World

ROPO_SHARE = 0.25
THIRD_SHARE = 0.3
"""Of browsing visits, those about the third interest."""

BROWSING, KIOSK_RATE = 0.05, 0.002
"""Visits a day: of a person on the web, times `world.web`; of one with a login at the kiosk of the home store."""


def to_buy(purchases: DataFrame, world: World) -> DataFrame:
    """The online purchases, each with its visit: `steps`, `started_at`, `signs_in`, `login`, `cookie`."""
    draws, ids = Draws(world.seed), (F.col("person"), F.col("day"), F.col("slot"))
    made = purchases.where("online").withColumn(
        "signs_in", F.col("has_login") & draws.chance(0.7, "sign in to buy", *ids)
    )
    looked = F.transform(
        F.slice("lines", 1, 6), lambda line: step("product_view", product=product_id(line["product"]))
    )
    taken = steps(
        F.array(step("page_view")),
        looked,
        F.array(step("cart")),
        if_so(F.col("signs_in"), step("login")),
        F.array(step("purchase")),
    )
    made = made.withColumn("steps", taken)
    made = made.withColumn("started_at", later(F.col("at"), (1 - F.size("steps")) * STEP_SECONDS))
    device = draws.below(F.col("devices"), "buying device", *ids)
    return made.withColumns(
        {
            "cookie": cookie(world, device, F.col("started_at")),
            "login": F.when(F.col("has_login"), login(draws, F.col("person"))),
        }
    )


def buying(purchases: DataFrame, world: World) -> DataFrame:
    """The visit of each online purchase: its goods, the cart, the order; it ends when the order is placed."""
    return of_people(to_buy(purchases, world), world, "buying", F.col("person"), F.col("day"), F.col("slot"))


def researching(purchases: DataFrame, world: World) -> DataFrame:
    """Visits that look at `goods` (ids), which are then bought in a shop `at` an instant up to six days later."""
    draws, ids = Draws(world.seed), (F.col("person"), F.col("day"), F.col("slot"))
    ahead = draws.below(6 * 24 * HOUR, "research ahead", *ids) + HOUR
    made = purchases.where(F.col("on_web") & draws.chance(ROPO_SHARE, "research", *ids)).withColumns(
        {
            "steps": steps(
                F.array(step("search", product=F.get("goods", F.lit(0)))),
                F.transform(F.slice("goods", 1, 5), lambda good: step("product_view", product=good)),
            ),
            "started_at": later(F.col("at"), -ahead),
        }
    )
    return of_people(made, world, "research", *ids)


def clicking(mails: DataFrame, world: World) -> DataFrame:
    """The visit behind each human click in a mail; it sees `goods` (ids), the link's first."""
    made = mails.withColumns(
        {
            "steps": F.transform("goods", lambda good: step("product_view", product=good)),
            "started_at": later(F.col("sent_at"), F.col("clicked_after") + 2),
            "mail_link": link_id(F.col("mail"), F.col("clicked_link")),
            "source": F.lit("mail"),
        }
    )
    return of_people(made, world, "click", *key())


def with_goods(mails: DataFrame, world: World) -> DataFrame:
    """The mails that a person clicked, with `goods`: the link's, then up to eight of the mail's category."""
    draws = Draws(world.seed)
    more = F.sequence(F.lit(1).cast("long"), geometric(draws.uniform("click pages", *key()), 1.5) + 1)

    def chosen(number: Column) -> Column:
        return chosen_good(draws, world, F.col("wanted"), "click", *key(), number)

    def viewed(good: Column) -> Column:
        return product_id(sold(draws, world, good, F.col("mail_day")))

    first = F.array(product_id(link_good(world, F.col("clicked_link"))))
    others = F.transform(F.slice(F.transform(more, chosen), 2, 8), viewed)
    return mails.where(F.col("clicked_after").isNotNull()).withColumn("goods", F.concat(first, others))


def browsing(people: DataFrame, world: World) -> DataFrame:
    """Visits out of interest, to a category and goods of it.

    Who only considers the third interest comes back to the same two goods; at `in_cart` one of them is put
    there, and left.
    """
    draws, ids = Draws(world.seed), (F.col("person"), F.col("day"))
    days = each_day(people.where("on_web"), world)
    made = days.where(draws.chance(BROWSING * world.web, "browse", *ids))
    made = made.withColumn("on_third", draws.chance(THIRD_SHARE, "browse third", *ids))
    made = made.withColumns(
        {
            "about": F.when(F.col("on_third"), F.col("third")).otherwise(
                chosen_category(draws, "browse", *ids)
            ),
            "signs_in": F.col("has_login") & draws.chance(0.15, "sign in", *ids),
        }
    )
    deep = F.col("on_third") & (F.col("third_stage") != "seen")

    def chosen(number: Column) -> Column:
        fame = chosen_good(draws, world, F.col("about"), "browse", *ids, number)
        return F.when(deep, product_at(F.col("about"), number % 2)).otherwise(fame)

    def viewed(good: Column) -> Column:
        there = F.when(deep, good).otherwise(sold(draws, world, good, F.col("day")))
        return step("product_view", product=product_id(there))

    pages = F.sequence(F.lit(1).cast("long"), geometric(draws.uniform("browse pages", *ids), 2.0) + 2)
    carted = F.col("on_third") & (F.col("third_stage") == "in_cart")
    left = step("cart", product=product_id(product_at(F.col("about"), F.lit(1))))
    taken = steps(
        F.array(step("category_view", category=category_name(F.col("about")))),
        if_so(F.col("signs_in"), step("login")),
        F.transform(F.transform(pages, chosen), viewed),
        if_so(carted, left),
    )
    second = draws.below(17 * HOUR, "browse hour", *ids) + 7 * HOUR
    made = made.withColumns({"steps": taken, "started_at": instant(world, F.col("day"), second)})
    return of_people(made, world, "browse", *ids)


def at_kiosks(people: DataFrame, world: World) -> DataFrame:
    """Visits at a shop's kiosk, whose one cookie and browser all its visitors share."""
    draws, ids = Draws(world.seed), (F.col("person"), F.col("day"))
    days = each_day(people.where("has_login"), world)
    second = draws.below(12 * HOUR, "kiosk hour", *ids) + 9 * HOUR
    made = days.where(draws.chance(KIOSK_RATE, "kiosk", *ids))
    made = made.withColumn("about", chosen_category(draws, "kiosk", *ids))
    made = made.withColumn("good", chosen_good(draws, world, F.col("about"), "kiosk", *ids))
    made = made.withColumns(
        {
            "signs_in": F.lit(True),
            "cookie": kiosk_cookie(draws, F.col("home_store")),
            "push_token": F.lit(None).cast("string"),
            "agent": F.lit(KIOSK),
            "source": F.lit("direct"),
            "started_at": instant(world, F.col("day"), second),
            "steps": F.array(
                step("page_view"),
                step("login"),
                step("product_view", product=product_id(sold(draws, world, F.col("good"), F.col("day")))),
            ),
        }
    )
    return of_people(made, world, "kiosk", *ids)


def kiosk_cookie(draws: Draws, store: Column) -> Column:
    """The cookie of a shop's kiosk."""
    return F.concat(F.lit("kiosk-"), draws.token("kiosk cookie", store))
