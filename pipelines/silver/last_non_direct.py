"""The last channel that was not Direct, over the visits of one visitor or person.

A reader derives it: `silver.sessions` keeps what a visit itself came by, so that a late visit rewrites no later
one, and a person's visits on all devices can be looked through, which no cookie's can.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipelines.calc.channels import DIRECT

LOOK_BACK_DAYS = 90  # ADR 14
_DAY = 24 * 60 * 60 * 1_000_000  # microseconds


def with_last_non_direct(
    sessions: DataFrame, by: Sequence[str], look_back_days: int = LOOK_BACK_DAYS
) -> DataFrame:
    """`sessions` with `last_non_direct_channel`: its own channel, or that of the last visit that had another.

    Google Analytics' last non-direct click. A visit by Email on Monday and a Direct one on Tuesday both have
    `Email`; where no visit of the look-back has a channel but Direct, it is Direct.

    Args:
        sessions: Rows of `silver.sessions`, or with more columns.
        by: The columns whose values' visits are looked through, such as the visitor's or a person's.
        look_back_days: How far back; a visit exactly so long ago counts.
    """
    past = (
        Window.partitionBy(*by).orderBy(F.unix_micros("started_at")).rangeBetween(-look_back_days * _DAY, 0)
    )
    at = F.when(F.col("channel") != DIRECT, F.struct("started_at", "session_id", "channel"))
    last = F.max(at).over(past)["channel"]
    return sessions.withColumn("last_non_direct_channel", F.coalesce(last, F.lit(DIRECT)))
