"""Visits as records of the `web_events` contract (a record frame: see `receipts`)."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.simulate.clock import later, written
from pipelines.simulate.visit import STEP_SECONDS

SITE = "https://shop.example"
MAILER = "tillpost"
"""The `utm_source` of our own mails' links."""

_REFERRERS = {
    "organic": "https://www.google.com/",
    "paid": "https://www.google.com/",
    "social": "https://l.facebook.com/",
}
_TAGS = {"paid": ("google", "cpc", "brand"), "social": ("facebook", "social", "posts")}


def stepped(visits: DataFrame) -> DataFrame:
    """One row per step of each visit.

    Its columns with `number` (from 0), `kind`, `category`, `product`, `at`, `known`: somebody is signed in by
    then, and `gives_email`. A step comes 20 seconds after the one before, up to nine more or less.
    """
    shift = F.when(F.col("step.kind") == "purchase", 0).otherwise(
        F.pmod(F.xxhash64("visit", "number"), F.lit(10))
    )
    signing = F.array_position(F.transform("steps", lambda step: step["kind"]), "login") - 1
    places = visits.withColumn("signing", signing)
    each = places.select("*", F.posexplode("steps").alias("number", "step")).drop("steps")
    return each.select(
        *visits.drop("steps").columns,
        "number",
        "step.kind",
        "step.category",
        "step.product",
        later(F.col("started_at"), F.col("number") * STEP_SECONDS + shift).alias("at"),
        (F.col("signs_in") & (F.col("number") >= F.col("signing"))).alias("known"),
        ((F.col("step.kind") == "login") & (F.pmod(F.xxhash64("visit"), F.lit(2)) == 0)).alias("gives_email"),
    )


def event_id(visit: Column, number: Column) -> Column:
    """The id of a visit's step, as the site's tag would give it."""
    return F.concat_ws("-", visit, number.cast("string"))


def web_records(events: DataFrame) -> DataFrame:
    """The records of `web_events`, from what `stepped` gives."""
    landing, kind = F.col("number") == 0, F.col("kind")
    goods = F.when(
        F.col("product").isNotNull() & (kind != "search"),
        F.array(
            F.struct(F.col("product").alias("product_id"), F.when(kind == "cart", F.lit(1)).alias("quantity"))
        ),
    )
    record = F.struct(
        event_id(F.col("visit"), F.col("number")).alias("event_id"),
        "kind",
        written(F.col("at")).alias("occurred_at"),
        "cookie",
        F.when(F.col("known"), F.col("login")).alias("login"),
        F.when(F.col("gives_email"), F.col("email")).alias("email"),
        F.when(landing, F.col("mail_link")).alias("mail_link_id"),
        "push_token",
        _url().alias("url"),
        F.when(landing, _by_source(_REFERRERS))
        .otherwise(F.concat(F.lit(SITE), F.lit("/")))
        .alias("referrer"),
        *(F.when(landing, tag).alias(name) for name, tag in _utm().items()),
        F.col("agent").alias("user_agent"),
        F.lit(None).cast("string").alias("device"),
        "region",
        F.col("category").alias("category_id"),
        F.when(kind == "search", F.col("product")).alias("search_text"),
        F.when(kind == "purchase", F.col("order_id")).alias("order_id"),
        goods.alias("lines"),
    )
    return events.select(
        record.alias("record"),
        event_id(F.col("visit"), F.col("number")).alias("id"),
        "at",
        F.lit(0).alias("lines"),
        F.lit(0).cast("long").alias("cents"),
        F.col("at").alias("dated_at"),
        F.lit(False).alias("replaced"),
    )


def _utm() -> dict[str, Column]:
    mailed = F.col("source") == "mail"
    tags = [_by_source({source: tag[place] for source, tag in _TAGS.items()}) for place in range(3)]
    source, medium, campaign = tags
    return {
        "utm_source": F.when(mailed, F.lit(MAILER)).otherwise(source),
        "utm_medium": F.when(mailed, F.lit("email")).otherwise(medium),
        "utm_campaign": F.when(mailed, F.coalesce("campaign", F.lit("receipt"))).otherwise(campaign),
    }


def _by_source(texts: dict[str, str]) -> Column:
    """The text of the visit's source; null for a source without one."""
    return F.create_map(*(F.lit(part) for pair in texts.items() for part in pair))[F.col("source")]


def _url() -> Column:
    """The address of the page, without the link's tags, which stand in fields of their own."""
    kind, site = F.col("kind"), F.lit(SITE)
    return (
        F.when(kind == "product_view", F.concat(site, F.lit("/p/"), "product"))
        .when(
            kind == "category_view",
            F.concat(site, F.lit("/c/"), F.replace("category", F.lit(" "), F.lit("-"))),
        )
        .when(kind == "search", F.concat(site, F.lit("/search?q="), "product"))
        .when(kind == "page_view", F.concat(site, F.lit("/")))
        .otherwise(F.concat(site, F.lit("/"), kind))
    )
