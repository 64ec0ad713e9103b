"""Who is who: `truth.identifiers`, from every use that people make of their identifiers."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.simulate.clock import HOUR, instant, within
from pipelines.simulate.contacts import loyalty_card, payment_token
from pipelines.simulate.draws import Draws
from pipelines.simulate.visits import to_buy
from pipelines.simulate.world import World


def identifiers(
    people: DataFrame,
    tilled: DataFrame,
    purchases: DataFrame,
    steps: DataFrame,
    mails: DataFrame,
    made_known: DataFrame,
    world: World,
) -> DataFrame:
    """`truth.identifiers`.

    Args:
        people: As `persons` gives them: their forms.
        tilled: Receipts, as `receipts.at_tills` gives them.
        purchases: Of which the online ones tell contacts.
        steps: Of people's visits, as `web_events.stepped` gives them.
        mails: As `mails.planned` gives them: an address is used by each that was sent.
        made_known: As `identity_events.happened` gives it.
        world: The world.
    """
    draws, person = Draws(world.seed), F.col("person")
    card, token, yes = loyalty_card(person), payment_token(draws, person), F.lit(True)
    form = instant(world, F.col("form_day"), F.lit(12 * HOUR))
    email, phone = ("email", F.col("email"), yes), ("phone", F.col("phone"), yes)
    delivered = F.col("fulfilment") != "picked_up"
    named = F.col("card_shown") | F.col("phone_given").isNotNull()
    uses = [
        _uses(people.where(F.col("form_day").isNotNull()), form, ("loyalty_card", card, yes), email, phone),
        _uses(
            tilled.where(within(world, F.col("paid_at"))),
            F.col("paid_at"),
            ("loyalty_card", F.when(F.col("card_shown"), card), F.lit(False)),
            ("phone", F.col("phone_given"), yes),
            ("email", F.col("email_given"), yes),
            ("payment_token", F.when(F.col("card_paid"), token), named),
        ),
        _uses(
            to_buy(purchases, world).where(within(world, F.col("at"))),
            F.col("at"),
            ("loyalty_card", F.when(F.col("card_shown"), card), F.lit(False)),
            ("login", F.when(F.col("signs_in"), F.col("login")), yes),
            ("cookie", F.col("cookie"), yes),
            email,
            ("phone", F.when(delivered, F.col("phone")), yes),
            ("payment_token", F.when(delivered & F.col("has_bank_card"), token), yes),
        ),
        _uses(
            steps.where(within(world, F.col("at"))),
            F.col("at"),
            ("cookie", F.col("cookie"), F.col("known") | F.col("mail_link").isNotNull()),
            ("login", F.when(F.col("known"), F.col("login")), yes),
            ("push_token", F.col("push_token"), F.col("known") | F.col("mail_link").isNotNull()),
            ("email", F.when(F.col("gives_email"), F.col("email")), yes),
        ),
        _uses(mails.where("treated"), F.col("sent_at"), email),
        _uses(
            made_known,
            F.col("at"),
            ("loyalty_card", F.col("card"), yes),
            ("login", F.col("login"), yes),
            phone,
            ("push_token", F.col("push_token"), yes),
        ),
    ]
    used = (
        reduce(DataFrame.unionByName, uses)
        .groupBy("person", "type", "value")
        .agg(
            F.min("used_at").alias("first_used_at"),
            F.max("used_at").alias("last_used_at"),
            F.min(F.when(F.col("names"), F.col("used_at"))).alias("known_at"),
        )
    )
    together = used.join(people.select("person", "phone_shared"), on="person", how="inner")
    kiosk = (F.col("type") == "cookie") & F.col("value").startswith("kiosk-")
    family = (F.col("type") == "phone") & F.col("phone_shared")
    return together.withColumn("shared", kiosk | family).drop("phone_shared")


def _uses(rows: DataFrame, moment: Column, *identifiers: tuple[str, Column, Column]) -> DataFrame:
    """One row per identifier used: of rows at a moment, those there are, and whether each is tied to a name."""
    each = F.array(
        *(
            F.when(
                value.isNotNull(),
                F.struct(F.lit(kind).alias("type"), value.alias("value"), names.alias("names")),
            )
            for kind, value, names in identifiers
        )
    )
    return rows.select("person", moment.alias("used_at"), F.inline(F.array_compact(each)))
