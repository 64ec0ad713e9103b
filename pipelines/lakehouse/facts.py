"""How records become facts: of each unit one record wins, and every row is accounted for.

The winner is the largest by the contract's `prefer` columns, then the earliest arrival, then file and
position: a total order over records that does not ask which came first. So the facts of two batches taken
together equal the facts of both at once, in either order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipelines.lakehouse.mark import Counts
from pipelines.lakehouse.refusal import accepted, to_quarantine
from pipelines.lakehouse.table import Facts, Table

_RECORD = ("file", "position", "arrived_at")


@dataclass(frozen=True)
class Judged:
    """A build's outcome: the rows to stand in the touched scope, the rows to refuse, and the account."""

    rows: DataFrame
    refused: DataFrame
    counts: Counts


@dataclass(frozen=True)
class Account:
    """What a build gave: rows received, how many of them are good, and the scope values these touch.

    `values` null: more than asked for, so the whole table.
    """

    received: int
    good: int
    values: tuple[Any, ...] | None


def account_of(table: Table, flagged: DataFrame, *, max_keys: int) -> Account:
    """Count the rows of a build, and name the scope values that its good rows touch, up to so many."""
    (scope,) = table.scope
    by_scope = (
        flagged.groupBy(scope)
        .agg(F.count(F.lit(1)).alias("rows"), F.count_if(accepted()).alias("good"))
        .persist()
    )
    try:
        few = by_scope.limit(max_keys + 1).collect()  # bounded by max_keys
        if len(few) <= max_keys:
            values = tuple(sorted(row[scope] for row in few if row["good"]))
            return Account(sum(row["rows"] for row in few), sum(row["good"] for row in few), values)
        total = by_scope.agg(F.sum("rows").alias("rows"), F.sum("good").alias("good")).collect()[0]  # one row
        return Account(total["rows"], total["good"], None)
    finally:
        by_scope.unpersist()


def settle(table: Table, flagged: DataFrame, standing: DataFrame, account: Account) -> Judged:
    """Let new rows join the standing ones of their scope, and choose one record of each unit.

    Args:
        table: A fact table.
        flagged: Rows of new records with their reasons; persisted by the caller, since it is read several
            times.
        standing: The table's rows in every scope value that `flagged` touches.
        account: Of `flagged`.
    """
    if not isinstance(table.write, Facts):
        raise TypeError(f"{table.name} is not a fact table")
    policy = table.write
    good = flagged.where(accepted()).select(*table.names)
    both = standing.withColumn("_new", F.lit(False)).unionByName(good.withColumn("_new", F.lit(True)))
    ranked = Window.partitionBy(*policy.unit).orderBy(
        *(F.desc(c) for c in policy.prefer), "arrived_at", "file", "position", "_new"
    )
    losers = (
        both.groupBy(*policy.unit, *dict.fromkeys((*policy.prefer, *_RECORD)), "_new")
        .agg(F.count(F.lit(1)).alias("_rows"))
        .withColumn("_place", F.row_number().over(ranked))
        .where(F.col("_place") > 1)
        .select(*policy.unit, "file", "position", "_new", "_rows")
        .persist()
    )
    lost = losers.agg(
        F.coalesce(F.sum(F.when(F.col("_new"), F.col("_rows"))), F.lit(0)).alias("new"),
        F.coalesce(F.sum(F.when(~F.col("_new"), F.col("_rows"))), F.lit(0)).alias("old"),
    ).first()
    if lost is None:
        raise RuntimeError("an aggregate without groups gives one row")
    if lost["new"] or lost["old"]:
        both = both.join(losers.drop("_rows"), on=[*policy.unit, "file", "position", "_new"], how="left_anti")
    counts = Counts(
        received=account.received,
        accepted=account.good - lost["new"],
        refused=account.received - account.good,
        duplicates=lost["new"],
        superseded=lost["old"],
    )
    return Judged(both.select(*table.names), to_quarantine(flagged), counts)
