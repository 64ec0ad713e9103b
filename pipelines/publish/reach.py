"""What limits the reach of the mail that follows a receipt, by shop: from receipts to orders.

Each step counts receipts that came as far: with an identifier; of a person whom a mail can reach; who may be written
to, both as decisions see it (`gold.send_reach`); to whom a mail went within `WITHIN_DAYS` after the receipt; who
clicked on a mail in that time; who ordered on the site in that time. A step is a part of the one before, so that the
smallest share names what to work on.
"""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.gold.send_reach import some_may_write
from pipelines.silver.person_identifiers import IDENTIFIER, current

STEPS = ("receipts", "identified", "email", "consent", "sent", "clicked", "ordered")
"""In order; each is a part of the one before."""

DAYS, WITHIN_DAYS = 28, 7
"""Receipts of so many days are looked at, and so long after a receipt what follows counts for it."""


def reach(
    receipts: DataFrame,
    person_identifiers: DataFrame,
    reached: DataFrame,
    touchpoints: DataFrame,
    *,
    as_of: date,
) -> DataFrame:
    """`store_id` and `STEPS`, one row per shop with a sale receipt; in the order of its receipts.

    Args:
        receipts: `silver.receipts`.
        person_identifiers: `silver.person_identifiers`.
        reached: As `send_reach.reached` gives it: whom a mail reaches, and who agreed to be written to.
        touchpoints: `gold.touchpoints`; machines' are not looked at.
        as_of: The last day of the receipts.
    """
    persons = current(person_identifiers)
    first = as_of - timedelta(DAYS - 1)
    days = F.col("purchased_on").between(F.lit(first), F.lit(as_of))
    sales = receipts.where(days & (F.col("kind") == "sale")).select(
        "store_id",
        "receipt_id",
        "purchased_on",
        *(F.col(f"anchor_{part}").alias(f"identifier_{part}") for part in ("type", "value")),
    )
    known = reached.select(
        "person_id",
        F.col("reached_email").alias("has_email"),
        some_may_write("email").alias("may_email"),
    )
    after = _after(touchpoints, persons, first)
    of_persons = sales.join(persons, on=list(IDENTIFIER), how="left").join(known, on="person_id", how="left")
    until = F.date_add("purchased_on", WITHIN_DAYS)
    followed = (
        of_persons.join(after, on="person_id", how="left")
        .withColumn("_in_time", F.col("touched_on").between(F.col("purchased_on"), until))
        .groupBy("store_id", "receipt_id", "identifier_type", "has_email", "may_email")
        .agg(*(F.bool_or(F.col("_in_time") & F.col(step)).alias(step) for step in STEPS[4:]))
    )
    passes = [F.lit(True), F.col("identifier_type").isNotNull(), F.col("has_email"), F.col("may_email")]
    passes += [F.col(step) for step in STEPS[4:]]
    told = followed.select("store_id", *_nested(passes))
    counts = [F.count_if(step).alias(step) for step in STEPS]
    return told.groupBy("store_id").agg(*counts).orderBy(F.desc("receipts"), "store_id")


def _after(touchpoints: DataFrame, persons: DataFrame, first: date) -> DataFrame:
    """`person_id`, `touched_on` and whether a mail was sent or clicked, or an order placed, on that day."""
    mail = F.col("channel") == "email"
    kinds = {
        "sent": mail & F.col("kind").isin("sent", "delivered"),
        "clicked": mail & (F.col("kind") == "clicked"),
        "ordered": F.col("kind") == "order",
    }
    found = touchpoints.where((F.col("touched_on") >= F.lit(first)) & ~F.col("is_machine"))
    told = found.join(persons, on=list(IDENTIFIER), how="inner").groupBy("person_id", "touched_on")
    each = told.agg(*(F.bool_or(F.coalesce(kind, F.lit(False))).alias(name) for name, kind in kinds.items()))
    return each.where(F.col("sent") | F.col("clicked") | F.col("ordered"))


def _nested(passes: list[Column]) -> list[Column]:
    """Each step, where all before it hold; what is not known does not hold."""
    found = []
    for step, name in enumerate(STEPS):
        holds = F.lit(True)
        for one in passes[: step + 1]:
            holds = holds & F.coalesce(one, F.lit(False))
        found.append(holds.alias(name))
    return found
