"""How the engine brings the figures of the loyalty report together: what points came to, and members beside others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.calc.experiment import Moments, Standardised, standardised
from pipelines.calc.experiment.arm import REVENUE
from pipelines.gold.experiment_units import assigned
from pipelines.gold.loyalty_events import REDEMPTION
from pipelines.gold.loyalty_ledger import EXPIRY
from pipelines.lakehouse.types import DOUBLE, LONG, MONEY
from pipelines.silver.person_identifiers import IDENTIFIER, current

SPAN_DAYS = 91
"""People are compared over so many days up to the date, and made alike by what they bought in as many before."""
_SQUARE = "decimal(38, 4)"

Rows = list[Any]


@dataclass(frozen=True)
class Effect:
    """Members beside other people who are known, by revenue per person in the last `SPAN_DAYS`.

    Args:
        others: Who was known by the start of the span and no member then.
        members: Who was a member then.
        alike: The difference within strata of what they had bought before.
    """

    others: Moments
    members: Moments
    alike: Standardised


@dataclass(frozen=True)
class LoyaltyFigures:
    """What the report is drawn from; rows as the engine gives them.

    Args:
        months: `gold.kpi_monthly` of the grouping `all`, by month, of `SHOWN`.
        classes: The same of the grouping `class`, of the latest month.
        kinds: `kind, entries, people, points, amount` of the period's entries of the ledger.
        standing: One row: `people` with points, `points` that stand, `available` that can be spent.
        members_revenue: What members paid in the period, less returns.
        effect: Members beside others; null: there are none of one kind.
        members: The types of identifiers that make their person a member.
        by_lot: Rows of `gold.experiment_results` on revenue per person, of the programme's experiments.
        points_by_arm: `experiment_id, arm, people, points, paid`: what points were earned and paid in the window.
    """

    months: Rows
    classes: Rows
    kinds: Rows
    standing: Any
    members_revenue: Any
    effect: Effect | None
    members: Sequence[str] = ()
    by_lot: Rows = field(default_factory=list)
    points_by_arm: Rows = field(default_factory=list)


SHOWN = ("identified_receipts", "identified_revenue", "repeat_receipts", "points_issued", "points_redeemed", "email",
         "consent")  # fmt: skip
OF_CLASS = ("customers", "revenue", "spend", "average_receipt", "repeat_purchases")


def collect_loyalty(
    *,
    as_of: date,
    report_days: int,
    members: Sequence[str],
    experiments: Sequence[str],
    window_days: int,
    kpi_monthly: DataFrame,
    loyalty_ledger: DataFrame,
    purchases: DataFrame,
    person_identifiers: DataFrame,
    assignments: DataFrame,
    experiment_results: DataFrame,
) -> LoyaltyFigures:
    """Figures of the last `report_days` days up to `as_of`; each frame is the table of its name, or of its date.

    `members` are the types of identifiers that make their person a member, `experiments` those in which a lot said who
    has points; what their people earn and pay counts for `window_days` from the first assignment.
    """
    since = as_of - timedelta(report_days - 1)
    entries = loyalty_ledger.where(F.col("occurred_on") <= F.lit(as_of))
    period = entries.where(F.col("occurred_on") >= F.lit(since))
    known = kpi_monthly.where(F.col("month").between(F.lit(since), F.lit(as_of)))
    shown = known.where((F.col("grouping") == "all") & F.col("metric").isin(*SHOWN))
    classes = known.where((F.col("grouping") == "class") & F.col("metric").isin(*OF_CLASS))
    paid = _of_persons(purchases, person_identifiers, as_of)
    joined = _joined(person_identifiers, members)
    return LoyaltyFigures(
        months=shown.orderBy("month", "metric").collect(),  # metrics by months
        classes=classes.orderBy("month", "member", "metric").collect(),  # metrics by classes and months
        kinds=period.groupBy("kind")
        .agg(
            F.count(F.lit(1)).alias("entries"),
            F.count_distinct("person_id").alias("people"),
            F.sum("points").alias("points"),
            F.sum("amount").cast(MONEY).alias("amount"),
        )
        .orderBy("kind")
        .collect(),  # a row a kind
        standing=_standing(entries, as_of),
        members_revenue=_members_revenue(paid.where(F.col("purchased_on") >= F.lit(since)), joined),
        effect=_effect(paid, joined, as_of),
        members=members,
        by_lot=experiment_results.where(
            F.col("experiment_id").isin(*experiments) & (F.col("metric") == REVENUE)
        )
        .orderBy("experiment_id", "arm")
        .collect(),  # a row an arm
        points_by_arm=_points_by_arm(
            assignments.where(F.col("experiment_id").isin(*experiments)),
            entries,
            current(person_identifiers),
            window_days,
        ),
    )


def paid_by_points(figures: LoyaltyFigures) -> Any:
    """Money that points paid in the period: what redemptions took off, before any were given back."""
    return sum(row.amount for row in figures.kinds if row.kind == REDEMPTION)


def _points_by_arm(assignments: DataFrame, entries: DataFrame, persons: DataFrame, window_days: int) -> Rows:
    people = (
        assigned(assignments, persons)
        .groupBy("experiment_id", "arm", "buyer")
        .agg(F.min(F.unix_micros("assigned_at")).alias("since"))
    )
    wait = F.unix_micros("occurred_at") - F.col("since")
    inside = wait.between(0, window_days * 24 * 60 * 60 * 1_000_000 - 1)
    told = people.join(entries.withColumnRenamed("person_id", "buyer"), on="buyer", how="left")
    is_paid, is_given = F.col("kind") == REDEMPTION, ~F.col("kind").isin(REDEMPTION, EXPIRY)
    rows = told.groupBy("experiment_id", "arm").agg(
        F.count_distinct("buyer").alias("people"),
        F.coalesce(F.sum(F.when(inside & is_given, F.col("points"))), F.lit(0)).cast(LONG).alias("points"),
        F.coalesce(F.sum(F.when(inside & is_paid, F.col("amount"))), F.lit(0)).cast(MONEY).alias("paid"),
    )
    return rows.orderBy("experiment_id", "arm").collect()  # a row an arm


def _of_persons(purchases: DataFrame, person_identifiers: DataFrame, as_of: date) -> DataFrame:
    """`person_id, purchased_on, net_revenue` of purchases and returns of people known."""
    persons = current(person_identifiers)
    owned = purchases.where(F.col("purchased_on") <= F.lit(as_of)).join(
        persons, on=list(IDENTIFIER), how="inner"
    )
    return owned.select("person_id", "purchased_on", "net_revenue")


def _joined(person_identifiers: DataFrame, members: Sequence[str]) -> DataFrame:
    """`person_id, joined_at`: when the first identifier of the programme that is theirs was first known; null: none."""
    first = person_identifiers.groupBy(*IDENTIFIER).agg(F.min("valid_from").alias("_first"))
    since = F.min(F.when(F.col(IDENTIFIER[0]).isin(*members), F.col("_first")))
    theirs = current(person_identifiers).join(first, on=list(IDENTIFIER), how="inner")
    return theirs.groupBy("person_id").agg(since.alias("joined_at"))


def _standing(entries: DataFrame, as_of: date) -> Any:
    points = F.col("points")
    spendable = F.when((F.col("available_on") <= F.lit(as_of)) | (points < 0), points).otherwise(0)
    people = entries.groupBy("person_id").agg(
        F.sum(points).alias("points"), F.sum(spendable).alias("available")
    )
    return people.agg(
        F.count_if(F.col("points") > 0).alias("people"),
        F.coalesce(F.sum("points"), F.lit(0)).cast(LONG).alias("points"),
        F.coalesce(F.sum(F.greatest("available", F.lit(0))), F.lit(0)).cast(LONG).alias("available"),
    ).collect()[0]  # one row


def _members_revenue(paid: DataFrame, joined: DataFrame) -> Any:
    mine = paid.join(joined.where(F.col("joined_at").isNotNull()), on="person_id", how="left_semi")
    return mine.agg(F.coalesce(F.sum("net_revenue"), F.lit(0)).cast(MONEY).alias("value")).collect()[0].value


def _effect(paid: DataFrame, joined: DataFrame, as_of: date) -> Effect | None:
    """People who had bought in the span before, as they were at its end: whoever joined later is no member here."""
    start, first = as_of - timedelta(SPAN_DAYS - 1), as_of - timedelta(2 * SPAN_DAYS - 1)
    day, net = F.col("purchased_on"), F.col("net_revenue")
    inside, earlier = day >= F.lit(start), day.between(F.lit(first), F.lit(start - timedelta(1)))

    def total(where: Column) -> Column:
        return F.coalesce(F.sum(F.when(where, net)), F.lit(0)).cast("decimal(16, 2)")

    people = paid.groupBy("person_id").agg(
        total(inside).alias("revenue"), total(earlier).alias("before"), F.count_if(earlier).alias("bought")
    )
    before = F.col("before").cast(DOUBLE)
    stratum = F.when(before >= 1, F.floor(F.log2(before))).otherwise(-1).cast(LONG)
    is_member = F.coalesce(F.col("joined_at") < F.lit(start).cast("timestamp"), F.lit(False))
    sums = (
        people.where("bought > 0")
        .join(joined, on="person_id", how="inner")
        .groupBy(is_member.alias("is_member"), stratum.alias("stratum"))
        .agg(
            F.count(F.lit(1)).alias("n"),
            F.sum("revenue").alias("sum"),
            F.sum((F.col("revenue") * F.col("revenue")).cast("decimal(33, 4)"))
            .cast(_SQUARE)
            .alias("squares"),
        )
        .collect()  # two rows a power of two
    )
    return effect_of({(row.is_member, row.stratum): Moments(row.n, row["sum"], row.squares) for row in sums})


def effect_of(groups: dict[tuple[bool, int], Moments]) -> Effect | None:
    """Members beside others, from the sums of both by stratum; null: there is nobody of one kind."""
    nobody = Moments(0, 0, 0)
    strata = sorted({stratum for _, stratum in groups})
    pairs = {str(s): (groups.get((False, s), nobody), groups.get((True, s), nobody)) for s in strata}
    others, members = (_pooled([pair[place] for pair in pairs.values()]) for place in (0, 1))
    return Effect(others, members, standardised(pairs)) if others.n and members.n else None


def _pooled(parts: Sequence[Moments]) -> Moments:
    return Moments(
        sum(part.n for part in parts),
        sum(part.sum for part in parts),
        sum(part.sum_of_squares for part in parts),
    )
