"""What became of mails, coupons and orders, as records of `engagement` (a record frame: see `receipts`)."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.simulate.clock import HOUR, later, written
from pipelines.simulate.contacts import loyalty_card, typed
from pipelines.simulate.draws import Draws, at, choice
from pipelines.simulate.mails import BLOCKS, HOLDOUT, RECEIPT, key, link_id
from pipelines.simulate.web_events import MAILER, SITE
from pipelines.simulate.world import World

TOLD = 0.7
"""Share of people whose mail provider says of a machine's open that it is one."""

RATED, STARS = 0.2, (0.05, 0.05, 0.1, 0.3, 0.5)
"""Share of fulfilled orders that are rated, and how often with one to five stars."""

_TEXTS = ("never again", "not what I hoped for", "it will do", "good", "just what we needed")
_FIELDS = (
    "kind",
    "loyalty_card",
    "campaign_id",
    "coupon_id",
    "channel",
    "email",
    "message_id",
    "link",
    "machine",
)
_MORE = ("mail_link_id", "product_id", "block", "stars", "text", "order_id", "receipt_id")


def of_mails(events: DataFrame, world: World, good: Callable[[Column], Column]) -> DataFrame:
    """The records of mails' events, from what `mails.events` gives.

    Args:
        events: With `card` and `email`, either null where it is not told.
        world: The world.
        good: Gives the id of the good behind a link.
    """
    draws, link = Draws(world.seed), F.col("link")
    told = draws.chance(TOLD, "machine told", F.col("person"))
    clicked = F.when(link.isNotNull(), good(link))
    events = events.withColumns({"product_id": clicked, "block": at(BLOCKS, link)})
    address = F.concat(F.lit(f"{SITE}/p/"), "product_id", F.lit(f"?utm_source={MAILER}&utm_medium=email&"))
    given = {
        "loyalty_card": F.col("card"),
        "campaign_id": F.col("campaign"),
        "channel": F.lit("email"),
        "email": F.col("email"),
        "message_id": F.col("mail"),
        "link": F.concat(address, F.lit("ml="), link_id(F.col("mail"), link)),
        "mail_link_id": link_id(F.col("mail"), link),
        "machine": F.when(F.col("by_machine") & (F.col("kind") == "opened") & told, F.lit("true")),
    }
    ids = F.concat_ws("-", "mail", F.col("place").cast("string"))
    return _records(events.withColumns(given), ids, F.col("occurred_at"))


def assignments(mails: DataFrame, world: World) -> DataFrame:
    """Who was to get each planned mail and who was left out, as records of `assignments`: a feed with `drop_day`.

    The two triggers are programmes of their own; a tenth of the people are held out of both.
    """
    draws, held_out = Draws(world.seed), ~F.col("treated")
    record = F.struct(
        F.concat(F.lit("a-"), "mail").alias("assignment_id"),
        at(("receipt_mail", "campaign_mail"), F.col("trigger")).alias("experiment_id"),
        F.when(held_out, "holdout").otherwise("mailed").alias("arm"),
        written(F.col("sent_at")).alias("assigned_at"),
        held_out.cast("string").alias("is_control"),
        F.when(held_out, HOLDOUT).otherwise(1 - HOLDOUT).cast("string").alias("share"),
        F.col("campaign").alias("campaign_id"),
        F.when(F.col("treated"), F.col("mail")).alias("message_id"),
        F.when(F.col("trigger") == RECEIPT, loyalty_card(F.col("person"))).alias("loyalty_card"),
        typed(F.col("email"), draws.uniform("mail address", *key())).alias("email"),
    )
    return mails.select(
        record.alias("record"),
        F.col("mail").alias("id"),
        F.col("mail_day").alias("drop_day"),
    )


def of_coupons(caused: DataFrame, world: World) -> DataFrame:
    """A coupon of the mail, redeemed at the till with every second purchase that a mail caused there."""
    draws, ids = Draws(world.seed), (F.col("person"), F.col("day"), F.col("slot"))
    redeemed = ~F.col("online") & F.col("card_shown") & draws.chance(0.5, "coupon", *ids)
    given = {
        "kind": F.lit("coupon_redeemed"),
        "loyalty_card": loyalty_card(F.col("person")),
        "campaign_id": F.col("campaign"),
        "coupon_id": F.concat(F.lit("coupon-"), "mail"),
        "message_id": F.col("mail"),
    }
    made = caused.where(redeemed).withColumns(given).withColumn("email", F.lit(None).cast("string"))
    return _records(made, F.concat(F.lit("coupon-"), "mail"), F.col("paid_at"))


def of_ratings(purchases: DataFrame, world: World) -> DataFrame:
    """Stars for orders picked up, for every second one with a word, a day or two after the pick-up."""
    draws, ids = Draws(world.seed), (F.col("person"), F.col("day"), F.col("slot"))
    rates = (
        (F.col("fulfilment") == "picked_up") & F.col("email").isNotNull() & draws.chance(RATED, "rated", *ids)
    )
    stars = choice(draws.uniform("stars", *ids), STARS)
    given = {
        "kind": F.lit("rated"),
        "email": typed(F.col("email"), draws.uniform("rating email", *ids)),
        "channel": F.lit("email"),
        "stars": (stars + 1).cast("string"),
        "text": F.when(draws.chance(0.5, "rating text", *ids), at(_TEXTS, stars)),
    }
    made = purchases.where(rates).withColumns(given)
    moment = later(F.col("paid_at"), draws.below(48 * HOUR, "rating wait", *ids) + 24 * HOUR)
    return _records(made, F.concat(F.lit("rating-"), "order_id"), moment)


def _records(events: DataFrame, event_id: Column, moment: Column) -> DataFrame:
    """The record frame; fields that `events` has no column for are left out of the records."""
    present = [
        F.col(name) if name in events.columns else F.lit(None).cast("string").alias(name)
        for name in _FIELDS + _MORE
    ]
    return events.select(
        F.struct(event_id.alias("event_id"), written(moment).alias("occurred_at"), *present).alias("record"),
        event_id.alias("id"),
        moment.alias("at"),
        F.lit(0).alias("lines"),
        F.lit(0).cast("long").alias("cents"),
        moment.alias("dated_at"),
        F.lit(False).alias("replaced"),
    )
