"""What the arms of experiments come to: people, what they did with messages, and what they bought, as sums.

Every person counts once, from their first assignment in the experiment, for `window_days`; whoever is in two arms is in
neither, and an arm of which nobody is left stays, with zeros. What was bought before tells how alike the arms were.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.gold.attribution_events import netted
from pipelines.gold.experiment_units import ARM, ON_SITE, known_to, own_name
from pipelines.gold.purchases import OFFLINE
from pipelines.lakehouse.types import DOUBLE, LONG
from pipelines.silver.machine_events import with_machines
from pipelines.silver.person_identifiers import IDENTIFIER

STEPS = ("sent", "delivered", "opened", "opened_human", "clicked", "clicked_human")
FLAGS = (*STEPS, "ordered", "ordered_after_click", "ordered_after_human_click")
AMOUNTS = ("purchases", "revenue", "offline_revenue", "before")
_DAY = 24 * 60 * 60 * 1_000_000  # microseconds
_SUM, _SQUARE = "decimal(38, 2)", "decimal(38, 4)"


def arms(
    found: DataFrame,
    assignments: DataFrame,
    engagement: DataFrame,
    machine_events: DataFrame,
    purchases: DataFrame,
    persons: DataFrame,
    *,
    as_of: date,
    since: date,
    window_days: int,
    before_days: int,
) -> DataFrame:
    """One row per experiment, arm and stratum of earlier revenue, with sums over its people.

    A stratum is the power of two of what a person had bought in the `before_days` before; -1: nothing, or nobody.
    """
    clear = found.where(F.col("arms") == 1)
    done = _steps(clear, assignments, with_machines(engagement, machine_events), persons, since, window_days)
    paid = _bought(clear, purchases, persons, as_of, window_days, before_days)
    people = clear.join(done, on=[*ARM, "buyer"], how="left").join(paid, on=[*ARM, "buyer"], how="left")
    zero = {name: F.coalesce(name, F.lit(0).cast("decimal(18, 2)")) for name in AMOUNTS}
    flags = {name: F.coalesce(name, F.lit(False)) for name in STEPS}
    filled = people.withColumns(zero | flags)
    filled = filled.withColumns(
        {
            "ordered": F.col("purchases") > 0,
            "stratum": F.when(F.col("before") >= 1, F.floor(F.log2(F.col("before").cast(DOUBLE))))
            .otherwise(-1)
            .cast(LONG),
        }
    )
    filled = filled.withColumns(
        {
            "ordered_after_click": F.col("ordered") & F.col("clicked"),
            "ordered_after_human_click": F.col("ordered") & F.col("clicked_human"),
        }
    )
    sums = filled.groupBy(*ARM, "stratum").agg(
        F.count(F.lit(1)).alias("people"),
        *(F.count_if(name).alias(name) for name in FLAGS),
        *(F.sum(name).cast(_SUM).alias(name) for name in AMOUNTS),
        *(_product(name, name).alias(f"{name}_squares") for name in AMOUNTS),
        _product("revenue", "before").alias("revenue_by_before"),
    )
    meant = found.groupBy(*ARM).agg(
        F.max("is_control").alias("is_control"),
        F.min("by_lot").alias("by_lot"),
        F.max("share").alias("share"),
    )
    kinds = dict.fromkeys(("people", *FLAGS), LONG) | dict.fromkeys(AMOUNTS, _SUM)
    kinds |= dict.fromkeys((*(f"{name}_squares" for name in AMOUNTS), "revenue_by_before"), _SQUARE)
    return (
        meant.join(sums, on=list(ARM), how="left")
        .withColumn("stratum", F.coalesce("stratum", F.lit(-1).cast(LONG)))
        .withColumns({name: F.coalesce(name, F.lit(0).cast(kind)) for name, kind in kinds.items()})
    )


def _product(one: str, other: str) -> Column:
    narrow = (F.col(name).cast("decimal(16, 2)") for name in (one, other))
    return F.sum((next(narrow) * next(narrow)).cast("decimal(33, 4)")).cast(_SQUARE)


def _steps(
    found: DataFrame, assignments: DataFrame, events: DataFrame, persons: DataFrame, since: date, days: int
) -> DataFrame:
    """What each person did with the messages of the experiment: raw, and without machines."""
    kinds = ("sent", "delivered", "opened", "clicked")
    asked = events.where(F.col("kind").isin(*kinds) & (F.col("occurred_on") >= F.lit(since)))
    told = known_to(_sent_by(asked, assignments), persons).select(
        "buyer",
        "sender",
        F.col("kind").alias("what"),
        F.unix_micros("occurred_at").alias("done_at"),
        "is_machine",
    )
    lasts = F.col("done_at").between(F.col("at") - _DAY, F.col("at") + F.lit(days * _DAY))
    what, human = F.col("what"), ~F.col("is_machine")
    return (
        found.where(F.col("kind") != ON_SITE)
        .select(*ARM, "buyer", "at", F.col("experiment_id").alias("sender"))
        .join(told, on=["buyer", "sender"], how="inner")
        .where(lasts)
        .groupBy(*ARM, "buyer")
        .agg(
            F.max(what == "sent").alias("sent"),
            F.max(what == "delivered").alias("delivered"),
            F.max(what.isin("opened", "clicked")).alias("opened"),
            F.max(what.isin("opened", "clicked") & human).alias("opened_human"),
            F.max(what == "clicked").alias("clicked"),
            F.max((what == "clicked") & human).alias("clicked_human"),
        )
    )


def _sent_by(events: DataFrame, assignments: DataFrame) -> DataFrame:
    """Events of messages with `sender`: the experiment that assigned the message, else what its campaign is called."""
    by_message = assignments.where(F.col("message_id").isNotNull()).select(
        "message_id", F.col("experiment_id").alias("_of_message")
    )
    by_campaign = assignments.where(F.col("message_id").isNull() & F.col("campaign_id").isNotNull()).select(
        "campaign_id", F.col("experiment_id").alias("_of_campaign")
    )
    both = events.join(by_message.distinct(), on="message_id", how="left").join(
        by_campaign.distinct(), on="campaign_id", how="left"
    )
    return both.withColumn("sender", F.coalesce("_of_message", "_of_campaign", own_name()))


def _bought(
    found: DataFrame,
    purchases: DataFrame,
    persons: DataFrame,
    as_of: date,
    window_days: int,
    before_days: int,
) -> DataFrame:
    """What each person bought within the window, on both sides, returns netted; and in the days before."""
    told = purchases.where(F.col("purchased_on") <= F.lit(as_of))
    whose = told.join(persons, on=list(IDENTIFIER), how="left").where(F.col(IDENTIFIER[1]).isNotNull())
    owned = whose.withColumn("buyer", F.coalesce("person_id", F.concat_ws(":", *IDENTIFIER)))
    sales = netted(owned).where("is_sale").select("buyer", F.col("at").alias("bought_at"), "side", "value")
    wait = F.col("bought_at") - F.col("at")
    inside = wait.between(0, window_days * _DAY - 1)
    before = wait.between(-before_days * _DAY, -1)

    def total(value: Column, where: Column) -> Column:
        return F.sum(F.when(where, value)).cast("decimal(18, 2)")

    return (
        found.select(*ARM, "buyer", "at")
        .join(sales, on="buyer", how="inner")
        .where(inside | before)
        .groupBy(*ARM, "buyer")
        .agg(
            F.count_if(inside).cast("decimal(18, 2)").alias("purchases"),
            total(F.col("value"), inside).alias("revenue"),
            total(F.col("value"), inside & (F.col("side") == OFFLINE)).alias("offline_revenue"),
            total(F.col("value"), before).alias("before"),
        )
    )
