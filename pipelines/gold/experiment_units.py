"""Who is in which arm of which experiment: people assigned, people sent a campaign, visitors in a test."""

from __future__ import annotations

from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.lakehouse.types import BOOLEAN, DOUBLE
from pipelines.silver.person_identifiers import IDENTIFIER

MAILING, CAMPAIGN, ON_SITE = KINDS = ("mailing", "campaign", "on_site")
ARM = ("experiment_id", "kind", "arm")
CONTROLS = ("control", "holdout")
"""What an arm of an on-site test is called that others are compared with, where nothing else tells."""
_ONE_ARM = "sent"
_RECEIPT_MAIL = "receipt_mail"


def own_name() -> Column:
    """What a message's campaign is called where nobody assigned it: a triggered one by what stands before the slash."""
    return F.substring_index(F.coalesce("campaign_id", F.lit(_RECEIPT_MAIL)), "/", 1)


def known_to(facts: DataFrame, persons: DataFrame) -> DataFrame:
    """Facts with `buyer`: the person of their anchor, or the anchor itself where nobody knows whose it is."""
    named = facts.withColumnsRenamed({"anchor_type": IDENTIFIER[0], "anchor_value": IDENTIFIER[1]})
    whose = named.where(F.col(IDENTIFIER[1]).isNotNull()).join(persons, on=list(IDENTIFIER), how="left")
    return whose.withColumn("buyer", F.coalesce("person_id", F.concat_ws(":", *IDENTIFIER)))


def units(
    assignments: DataFrame, engagement: DataFrame, web_events: DataFrame, persons: DataFrame, since: date
) -> DataFrame:
    """One row per experiment and person in it: `arm, at` (the first, microseconds), `arms` (more than 1: in several).

    A campaign whose messages nobody assigned has one arm, of those it was sent to; so has a triggered mailing.
    """
    drawn = known_to(assignments.where(F.col("assigned_on") >= F.lit(since)), persons)
    shaped = [
        _unit(drawn, MAILING, F.col("assigned_at"), F.col("is_control"), F.col("by_lot"), F.col("share")),
        _unit(
            known_to(_unassigned(engagement, assignments, since), persons),
            CAMPAIGN,
            F.col("occurred_at"),
            F.lit(False),
            F.lit(False),
            F.lit(None),
        ),
        _unit(
            known_to(_tested(web_events, since), persons),
            ON_SITE,
            F.col("occurred_at"),
            F.col("arm").isin(*CONTROLS),
            F.lit(True),
            F.lit(None),
        ),
    ]
    by_arm = (
        reduce(DataFrame.unionByName, shaped)
        .groupBy(*ARM, "buyer")
        .agg(
            F.min("at").alias("at"),
            F.max("is_control").alias("is_control"),
            F.min("by_lot").alias("by_lot"),
            F.max("share").alias("share"),
        )
    )
    arms = F.count(F.lit(1)).over(Window.partitionBy("experiment_id", "kind", "buyer"))
    return by_arm.withColumn("arms", arms)


def assigned(assignments: DataFrame, persons: DataFrame) -> DataFrame:
    """Assignments of people drawn by lot, with `buyer`; whoever is in several arms of an experiment is left out."""
    drawn = known_to(assignments.where("by_lot"), persons)
    arms = F.size(F.collect_set("arm").over(Window.partitionBy("experiment_id", "buyer")))
    return drawn.withColumn("_arms", arms).where("_arms = 1").drop("_arms")


def _unit(
    rows: DataFrame, kind: str, at: Column, is_control: Column, by_lot: Column, share: Column
) -> DataFrame:
    return rows.select(
        "experiment_id",
        F.lit(kind).alias("kind"),
        "arm",
        "buyer",
        F.unix_micros(at).alias("at"),
        is_control.cast(BOOLEAN).alias("is_control"),
        by_lot.cast(BOOLEAN).alias("by_lot"),
        share.cast(DOUBLE).alias("share"),
    )


def _unassigned(engagement: DataFrame, assignments: DataFrame, since: date) -> DataFrame:
    """Messages sent that no assignment speaks of."""
    sent = engagement.where((F.col("kind") == "sent") & (F.col("occurred_on") >= F.lit(since)))
    told = assignments.where(F.col("message_id").isNotNull()).select("message_id").distinct()
    of_none = assignments.where(F.col("message_id").isNull() & F.col("campaign_id").isNotNull())
    left = sent.join(told, on="message_id", how="left_anti").join(
        of_none.select("campaign_id").distinct(), on="campaign_id", how="left_anti"
    )
    return left.withColumns({"experiment_id": own_name(), "arm": F.lit(_ONE_ARM)})


def _tested(web_events: DataFrame, since: date) -> DataFrame:
    """What visitors in an on-site test did, crawlers left out."""
    in_test = F.col("test_id").isNotNull() & F.col("test_arm").isNotNull() & ~F.col("is_crawler")
    seen = web_events.where(in_test & (F.col("occurred_on") >= F.lit(since)))
    return seen.withColumnsRenamed({"test_id": "experiment_id", "test_arm": "arm"})
