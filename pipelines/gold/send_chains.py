"""Chains of triggers: a message that nobody opened raises the next, on the next channel. No table of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.calc.triggers.definitions import Trigger
from pipelines.calc.triggers.kinds import After
from pipelines.gold.trigger_candidates import CANDIDATE, ruled
from pipelines.gold.trigger_kinds import told
from pipelines.lakehouse.types import INT, STRING


def links(
    standing: DataFrame, engagement: DataFrame, triggers: Sequence[Trigger], as_of: date
) -> DataFrame | None:
    """The candidates that follow messages sent some days before and not answered; null: no trigger is of this kind.

    They hold the goods of the message before, and a purchase since that one ends the chain. Whether it was answered
    tells the provider, which reports messages by their `send_key`.

    Args:
        standing: The rows of `gold.send_decisions` that were decided before the day.
        engagement: `silver.engagement`.
        triggers: All triggers.
        as_of: The day.
    """
    following = [(each, each.when) for each in triggers if isinstance(each.when, After)]
    if not following:
        return None
    answers = engagement.where(
        F.col("kind").isin("opened", "clicked")
        & (F.col("occurred_on") <= F.lit(as_of))
        & F.col("message_id").isNotNull()
    )
    answered = answers.groupBy(F.col("message_id").alias("send_key")).agg(
        F.max(F.lit(True)).alias("_opened"), F.max(F.col("kind") == "clicked").alias("_clicked")
    )
    sent = standing.where(F.col("outcome") == "sent").withColumnsRenamed({"trigger": "_before"})
    conditions = []
    for each, event in following:
        first = as_of - timedelta(event.days + each.window_days - 1)
        days = F.col("decided_on").between(F.lit(first), F.lit(as_of - timedelta(event.days)))
        silent = F.col("_opened" if event.unless == "opened" else "_clicked")
        conditions.append(
            (each, (F.col("_before") == event.trigger) & days & ~F.coalesce(silent, F.lit(False)))
        )
    raised = told(sent.join(answered, on="send_key", how="left"), conditions).select(
        "trigger",
        F.col("candidate_id").alias("occasion"),
        "person_id",
        F.col("send_at").alias("occurred_at"),
        "store_id",
        "products",
        "items",
    )
    own = {"replaced_by": F.lit(None).cast(STRING), "sold_out": F.lit(0).cast(INT)}
    return ruled(raised, triggers).withColumns(own).select(*(column.name for column in CANDIDATE))
