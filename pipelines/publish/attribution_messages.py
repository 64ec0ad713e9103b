"""What became of messages: by what sent them, and by what people clicked in them."""

from __future__ import annotations

from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.gold.attribution_events import CHANNELS, trigger_of
from pipelines.lakehouse.types import MONEY
from pipelines.silver.person_identifiers import IDENTIFIER


def messages_by_trigger(events: DataFrame, campaigns: DataFrame, persons: DataFrame) -> DataFrame:
    """`channel, trigger, sent, delivered, clicked, people, clickers`: messages, and people they were sent to.

    A message counts once in each, however often it was clicked; clicks are people's.

    Args:
        events: `silver.engagement` with `is_machine`.
        campaigns: `silver.campaigns`, which know the channel of a message that does not tell its own.
        persons: Whose each identifier is; who is not known counts by the address.
    """
    planned = F.broadcast(campaigns.select("campaign_id", F.col("channel").alias("_planned")))
    told = F.coalesce("channel", "_planned")
    named = F.coalesce(*(F.when(told == code, F.lit(name)) for code, name in CHANNELS.items()))
    whose = persons.withColumnsRenamed({IDENTIFIER[0]: "anchor_type", IDENTIFIER[1]: "anchor_value"})
    rows = (
        events.where(F.col("kind").isin("sent", "delivered", "clicked") & ~F.col("is_machine"))
        .join(planned, on="campaign_id", how="left")
        .join(whose, on=["anchor_type", "anchor_value"], how="left")
        .withColumns(
            {
                "channel": named,
                "trigger": trigger_of(),
                "_message": F.coalesce("message_id", "event_id"),
                "_who": F.coalesce("person_id", F.concat_ws(":", "anchor_type", "anchor_value")),
            }
        )
    )
    steps = {kind: F.col("kind") == kind for kind in ("sent", "delivered", "clicked")}
    return (
        rows.where(F.col("channel").isNotNull())
        .groupBy("channel", "trigger")
        .agg(
            *(F.count_distinct(F.when(is_kind, F.col("_message"))).alias(k) for k, is_kind in steps.items()),
            F.count_distinct(F.when(~steps["clicked"], F.col("_who"))).alias("people"),
            F.count_distinct(F.when(steps["clicked"], F.col("_who"))).alias("clickers"),
        )
    )


def clicked(clicks: DataFrame, credited: DataFrame, what: Column, most: int = 15) -> list[Any]:
    """Clicks of people, and the purchases that their click was the last before, by what was clicked."""
    paid = credited.where((F.col("model") == "post_click") & (F.col("touch_no") > 0))
    by_touch = paid.groupBy(F.col("touch_id").alias("event_id")).agg(
        F.count(F.lit(1)).alias("purchases"), F.sum("value").alias("value")
    )
    rows = (
        clicks.withColumn("what", F.coalesce(what, F.lit("not told")))
        .join(by_touch, on="event_id", how="left")
        .groupBy("what")
        .agg(
            F.count(F.lit(1)).alias("clicks"),
            F.count_distinct(F.coalesce("message_id", "event_id")).alias("messages"),
            F.count_distinct("anchor_type", "anchor_value").alias("people"),
            F.count("purchases").alias("bought_after"),
            F.coalesce(F.sum("purchases"), F.lit(0)).alias("purchases"),
            F.coalesce(F.sum("value"), F.lit(0)).cast(MONEY).alias("value"),
        )
    )
    return rows.orderBy(F.desc("clicks"), "what").limit(most).collect()
