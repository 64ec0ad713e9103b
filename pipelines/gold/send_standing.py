"""What a run finds in the journal of decisions: what stays, what it decides again, and what counts. No table.

A day's run decides its date anew, but for what continuous mode decided on it: that may have gone out. Continuous mode
decides what nobody has decided yet, and leaves all that stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


@dataclass(frozen=True)
class Standing:
    """The journal as one run sees it.

    Args:
        kept: Rows that would give way to the run's, and come back as they are.
        open: Rows that the run decides again.
        settled: Rows that count: for caps, and for the triggers that follow others.
        heard: Rows whose candidates are not new.
    """

    kept: DataFrame
    open: DataFrame
    settled: DataFrame
    heard: DataFrame


def standing_of(rows: DataFrame, as_of: date, *, live: bool) -> Standing:
    """The journal's rows as a run of a date finds them.

    Args:
        rows: `gold.send_decisions`; of those that a later date decided nothing is known.
        as_of: The date of the run.
        live: Whether continuous mode decides, in the middle of the date.
    """
    today = F.lit(as_of)
    is_open = F.col("decided_on").isNull()
    if live:
        known = rows.where(F.col("raised_on") <= today)
        return Standing(
            kept=known.where(is_open | (F.col("decided_on") >= today)),
            open=known.where(F.lit(False)),
            settled=known.where(~is_open),
            heard=known,
        )
    went_live = F.col("decided_at").isNotNull() & (F.col("decided_on") == today)
    kept = rows.where(went_live)
    before = rows.where((F.col("raised_on") < today) & ~F.coalesce(went_live, F.lit(False)))
    return Standing(
        kept=kept,
        open=before.where(is_open | (F.col("decided_on") >= today)),
        settled=before.where(F.col("decided_on") < today).unionByName(kept),
        heard=before.unionByName(kept),
    )
