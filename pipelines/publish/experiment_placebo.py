"""The placebo line: what attribution would credit to messages, those that nobody got among them.

People who were left out by lot have the times at which their messages would have gone. Credited as if each had been a
touch, in both arms alike, these show how much of an attributed sum is habit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.gold.experiment_units import assigned
from pipelines.lakehouse.types import DOUBLE, LONG, MONEY
from pipelines.publish.attribution_collect import MESSAGES
from pipelines.publish.experiment_funnel import cash
from pipelines.publish.page import About, Section, count, ratio
from pipelines.silver.person_identifiers import current

_DAY = 24 * 60 * 60 * 1_000_000  # microseconds
_ARM = ("experiment_id", "arm", "is_control")
_EVERY = "linear"


def placebo_credits(
    assignments: DataFrame,
    attribution: DataFrame,
    purchases: DataFrame,
    person_identifiers: DataFrame,
    *,
    as_of: date,
    report_days: int,
    window_days: int,
) -> list[Any]:
    """One row per arm by lot: `experiment_id, arm, is_control, people, purchases, value, credits, credited`.

    A purchase within `window_days` after m planned messages that saw k touches of other channels credits them with
    m / (k + m): `credits` sums these shares, `credited` their part of what was paid, net of returns.

    Args:
        assignments: `silver.assignments`.
        attribution: `gold.attribution`.
        purchases: `gold.purchases`.
        person_identifiers: `silver.person_identifiers`.
        as_of: The last day of the period.
        report_days: Its length.
        window_days: For how long a message counts.
    """
    since, until = F.lit(as_of - timedelta(report_days - 1)), F.lit(as_of)
    planned = assigned(
        assignments.where(F.col("assigned_on").between(since, until)), current(person_identifiers)
    ).select(*_ARM, "buyer", F.unix_micros("assigned_at").alias("sent"))
    other = (F.col("touch_no") > 0) & ~F.col("channel").isin(*MESSAGES)
    seen = attribution.where((F.col("model") == _EVERY) & F.col("purchased_on").between(since, until))
    paid = seen.groupBy("buyer", "purchase_id", "purchased_on").agg(
        F.count_if(other).alias("touches"), F.sum("value").alias("value")
    )
    when = purchases.where("kind = 'sale'").select(
        "purchase_id", "purchased_on", F.unix_micros("purchased_at").alias("bought")
    )
    sold = paid.join(when, on=["purchase_id", "purchased_on"], how="inner")
    wait = F.col("bought") - F.col("sent")
    each = (
        planned.join(sold, on="buyer", how="inner")
        .where(wait.between(0, window_days * _DAY - 1))
        .groupBy(*_ARM, "purchase_id", "purchased_on", "touches", "value")
        .agg(F.count(F.lit(1)).alias("sends"))
    )
    share = F.col("sends") / (F.col("sends") + F.col("touches"))
    sums = each.groupBy(*_ARM).agg(
        F.count(F.lit(1)).alias("purchases"),
        F.sum("value").cast(MONEY).alias("value"),
        F.sum(share.cast("decimal(18, 9)")).cast("double").alias("credits"),
        F.sum((F.col("value").cast("double") * share).cast("decimal(28, 9)")).cast(MONEY).alias("credited"),
    )
    people = planned.groupBy(*_ARM).agg(F.count_distinct("buyer").alias("people"))
    nothing = {"purchases": LONG, "value": MONEY, "credits": DOUBLE, "credited": MONEY}
    both = people.join(sums, on=list(_ARM), how="left").withColumns(
        {name: F.coalesce(name, F.lit(0).cast(kind)) for name, kind in nothing.items()}
    )
    return both.orderBy("experiment_id", "is_control", "arm").collect()  # a row an arm


def placebo_line(rows: Sequence[Any], window_days: int, about: About) -> Section:
    """What the arms of each experiment with a control are credited with, the control among them."""
    controlled = {row.experiment_id for row in rows if row.is_control}
    shown = [row for row in rows if row.experiment_id in controlled]

    def each(value: float, people: int) -> str:
        return cash(value / people if people else None, about.currency, 2)

    return Section(
        "placebo",
        "The placebo line: attributed to messages that nobody got",
        f"Purchases within {window_days} days after a planned message, and linear credit with each planned message as "
        "a touch beside those of other channels, in both arms alike. What the control is credited with was sent to "
        "nobody: it is habit, and no more than what the other arm has above it, per person, can be the messages' work.",
        (
            "Experiment",
            "Arm",
            "People",
            "Purchases",
            "Revenue",
            "Attributed",
            "of revenue",
            "Attributed per person",
        ),
        tuple(
            (
                row.experiment_id,
                f"{row.arm} (placebo)" if row.is_control else row.arm,
                count(row.people),
                count(row.purchases),
                cash(row.value, about.currency),
                cash(row.credited, about.currency),
                ratio(row.credited, row.value),
                each(float(row.credited), row.people),
            )
            for row in shown
        ),
        query=_query(window_days, about.as_of),
        nothing="Nobody was left out by lot, so there is no message that nobody got.",
    )


def _query(window_days: int, as_of: date) -> str:
    messages = ", ".join(map(repr, MESSAGES))
    text = f"""WITH planned AS (SELECT experiment_id, arm, is_control, assigned_at,
coalesce(person_id, anchor_type || ':' || anchor_value) AS buyer FROM silver.assignments LEFT JOIN
(SELECT * FROM silver.person_identifiers WHERE valid_to IS NULL) ON identifier_type = anchor_type AND identifier_value =
anchor_value WHERE by_lot AND assigned_on <= DATE '{as_of}' QUALIFY min(arm) OVER (PARTITION BY experiment_id, buyer) =
max(arm) OVER (PARTITION BY experiment_id, buyer)), sold AS (SELECT buyer, purchase_id, any_value(purchased_at)
AS bought, count(*) FILTER (touch_no > 0 AND channel NOT IN ({messages})) AS touches, sum(value) AS value
FROM gold.attribution
JOIN gold.purchases USING (purchase_id, purchased_on) WHERE model = '{_EVERY}' GROUP BY ALL), each AS (SELECT
experiment_id, arm, is_control, purchase_id, touches, value, count(*) AS sends FROM planned JOIN sold USING (buyer)
WHERE bought >= assigned_at AND bought < assigned_at + INTERVAL {window_days} DAY GROUP BY ALL) SELECT experiment_id,
arm, is_control, count(*) AS purchases, sum(value) AS value, sum(value * sends / (sends + touches)) AS credited
FROM each
GROUP BY ALL ORDER BY ALL"""
    return " ".join(text.split())
