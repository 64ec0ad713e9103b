"""The mails of a world: who gets which, what it causes, and what becomes of it on its way.

Two triggers: the flagship, a mail on the morning after an own receipt on which the card was shown; and a
campaign on every Tuesday, each about one category. A tenth of the people are held out: their mails are
planned and never sent.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.simulate.baskets import chosen_good, sold
from pipelines.simulate.clock import HOUR, instant
from pipelines.simulate.draws import Draws, geometric
from pipelines.simulate.goods import CATEGORIES
from pipelines.simulate.world import World

HOLDOUT = 0.1
"""Share of people, the same in every mail."""

BLOCKS = ("personal", "related", "next_purchase", "new_arrivals", "regular")
"""A mail's blocks, one link each."""

LONGEST_WAIT = 6
"""Days after a mail by which a purchase that it causes is made."""

RECEIPT, CAMPAIGN = 0, 1
"""The triggers."""

UPLIFT = {RECEIPT: (0.02, 0.06), CAMPAIGN: (0.01, 0.08)}
"""By trigger, how likely a mail that arrives causes a purchase: the first, and the second times `responsive`."""


def key() -> tuple[Column, ...]:
    """What a mail is drawn by: of a person, a day and a trigger there is one."""
    return F.col("person"), F.col("mail_day"), F.col("trigger")


def campaign_days(world: World) -> list[int]:
    """The days on which a campaign goes out: the Tuesdays."""
    return [day for day in range(world.days) if world.on(day).weekday() == 1]


def campaign_id(day: Column) -> Column:
    """The campaign of a day, such as `week-0007`."""
    return F.concat(F.lit("week-"), F.lpad(F.floor(day / 7).cast("string"), 4, "0"))


def campaign_category(day: Column) -> Column:
    """What the campaign of a day is about."""
    return (F.floor(day / 7) * 7 % len(CATEGORIES)).cast("long")


def planned(people: DataFrame, purchases: DataFrame, world: World) -> DataFrame:
    """One row per planned mail.

    Args:
        people: As `persons` gives them.
        purchases: Their own, as `purchases.own` gives them.
        world: The world.

    Returns:
        The columns of `people`, with `trigger`, `mail_day`, `wanted` (the category it is about), and what
        `_caused` and `read` add.
    """
    days = campaign_days(world)
    leaving = _with_leaving(people, world, len(days))
    columns = leaving.columns
    own = purchases.select(*people.columns, "day", "card_shown", "online")
    after = own.where(~F.col("online") & F.col("card_shown") & (F.col("form_day") <= F.col("day")))
    receipts = _with_leaving(after, world, len(days)).select(
        *columns,
        F.lit(RECEIPT).cast("long").alias("trigger"),
        (F.col("day") + 1).alias("mail_day"),
        F.col("first").alias("wanted"),
    )
    weekly = leaving.withColumn("mail_day", F.explode(F.lit(days).cast("array<bigint>"))).select(
        *columns,
        F.lit(CAMPAIGN).cast("long").alias("trigger"),
        "mail_day",
        campaign_category(F.col("mail_day")).alias("wanted"),
    )
    stays = F.col("leaves_on").isNull() | (F.col("mail_day") < F.col("leaves_on") + F.col("trigger"))
    may = (F.col("mailed_from") <= F.col("mail_day")) & (F.col("mail_day") < world.days) & stays
    draws = Draws(world.seed)
    goes = draws.chance(world.mail, "mail", F.col("person"), F.col("mail_day"), F.col("trigger"))
    return read(_caused(receipts.unionByName(weekly).where(may & goes), world), world)


def message_id(draws: Draws, *mail: Column) -> Column:
    """The provider's id of one message: of a person, a day and a trigger."""
    return F.concat(F.lit("m-"), draws.token("message", *mail))


def link_id(mail: Column, link: Column) -> Column:
    """The hashed id of a mail's link, as its address and the site's events carry it."""
    return F.lower(F.lpad(F.hex(F.xxhash64(mail, link)), 16, "0"))


def link_good(world: World, link: Column) -> Column:
    """The good behind a link: of the mail's category, or behind every second one of the second interest."""
    category = F.when(link % 2 == 0, F.col("wanted")).otherwise(F.col("second"))
    draws, ids = Draws(world.seed), (*key(), link)
    return sold(draws, world, chosen_good(draws, world, category, "mail", *ids), F.col("mail_day"))


def _with_leaving(people: DataFrame, world: World, campaigns: int) -> DataFrame:
    """Adds when one in ten people, with some campaign's mail, unsubscribes or complains, for good."""
    draws, person = Draws(world.seed), F.col("person")
    if not campaigns:
        return people.withColumns(
            {"leaves_on": F.lit(None).cast("long"), "leaves_by": F.lit(None).cast("string")}
        )
    days = F.lit(campaign_days(world)).cast("array<bigint>")
    day = F.get(days, draws.below(campaigns, "leaving mail", person).cast("int"))
    complains = draws.chance(0.2, "complaint", person)
    return people.withColumns(
        {
            "leaves_on": F.when(draws.chance(0.1, "leaving", person), day),
            "leaves_by": F.when(complains, "complained").otherwise("unsubscribed"),
        }
    )


def _caused(mails: DataFrame, world: World) -> DataFrame:
    """Adds what each mail causes.

    `mail` (the message's id), `sent_at`, `campaign` (null: none), `treated` (false: held out), `bounced`,
    `liked` (it is about one of the two first interests); `uplift`: by how much the mail raises the
    probability of one more purchase within six days, zero where it cannot arrive; `caused`: such a purchase
    is made, on `bought_on`, as the `slot` of its day.
    """
    draws, mail = Draws(world.seed), key()
    first_hour = F.when(F.col("trigger") == RECEIPT, 9 * HOUR).otherwise(8 * HOUR)
    wait = F.least(geometric(draws.uniform("caused wait", *mail), 1.5) + 1, F.lit(LONGEST_WAIT).cast("long"))
    sent = mails.withColumns(
        {
            "mail": message_id(draws, *mail),
            "campaign": F.when(F.col("trigger") == CAMPAIGN, campaign_id(F.col("mail_day"))),
            "sent_at": instant(
                world, F.col("mail_day"), draws.below(HOUR, "mail second", *mail) + first_hour
            ),
            "treated": ~draws.chance(HOLDOUT, "holdout", F.col("person")),
            "bounced": F.col("dead_address") | draws.chance(0.01, "bounce", *mail),
            "liked": (F.col("wanted") == F.col("first")) | (F.col("wanted") == F.col("second")),
            "bought_on": F.col("mail_day") + wait,
            "slot": F.col("trigger") * LONGEST_WAIT + wait,
        }
    )
    of_receipt, of_liked = (least + most * F.col("responsive") for least, most in UPLIFT.values())
    of_campaign = F.when(F.col("liked"), of_liked).otherwise(0.002)
    uplift = F.when(F.col("trigger") == RECEIPT, of_receipt).otherwise(of_campaign)
    sent = sent.withColumn("uplift", F.when(F.col("bounced"), 0.0).otherwise(uplift))
    bought = F.col("treated") & draws.chance(F.col("uplift"), "caused", *mail)
    return sent.withColumn("caused", bought & (F.col("bought_on") < world.days))


def read(mails: DataFrame, world: World) -> DataFrame:
    """Adds what people do with their mails.

    `opened_after` and `clicked_after`, by the person, in seconds (null: not), with `clicked_link`; `leaving`:
    the person unsubscribes or complains (`leaves_by`).

    Args:
        mails: With `person`, `mail_day`, `trigger`, `treated`, `bounced`, `caused`, `liked`, `open_rate`,
            `on_web` and `leaves_on`.
        world: The world.
    """
    draws, mail = Draws(world.seed), key()
    opens = F.col("caused") | draws.chance(F.col("open_rate"), "open", *mail)
    opened = mails.withColumns(
        {
            "opened_after": F.when(
                F.col("treated") & ~F.col("bounced") & opens, draws.below(8 * HOUR, "open delay", *mail) + 700
            ),
            "leaving": (F.col("mail_day") == F.col("leaves_on")) & (F.col("trigger") == CAMPAIGN),
            "clicked_link": draws.below(len(BLOCKS), "clicked link", *mail),
        }
    )
    rate = F.when(F.col("caused"), 0.6).otherwise(F.when(F.col("liked"), 0.25).otherwise(0.08))
    clicks = F.col("on_web") & draws.chance(rate, "click", *mail)
    delay = draws.below(60, "click delay", *mail) + 5
    return opened.withColumn("clicked_after", F.when(clicks, F.col("opened_after") + delay))
