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
from pipelines.lakehouse.store import held
from pipelines.lakehouse.table import Facts, Table

_PLACE = ("file", "position", "_new")  # what tells one record from another
_SIDES = ("_new", "NOT _new")


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
    by_scope = flagged.groupBy(scope).agg(
        F.count(F.lit(1)).alias("rows"), F.count_if(accepted()).alias("good")
    )
    with held(by_scope) as found:
        few = found.limit(max_keys + 1).collect()  # bounded by max_keys
        if len(few) <= max_keys:
            values = tuple(sorted(row[scope] for row in few if row["good"]))
            return Account(sum(row["rows"] for row in few), sum(row["good"] for row in few), values)
        total = found.agg(F.sum("rows").alias("rows"), F.sum("good").alias("good")).collect()[0]  # one row
        return Account(total["rows"], total["good"], None)


def losers_of(table: Table, flagged: DataFrame, standing: DataFrame) -> DataFrame:
    """The records that give way to another of their unit, each with the number of its rows.

    Few units ever have two records. These are looked for first, by a hash of the records' places alone, and only their
    rows are ranked. (Two records of one unit would be taken for one where 64 bits of hash agree: one pair in 10**19.)
    """
    policy, both = _facts(table), _both(table, flagged, standing)
    place = F.xxhash64(*_PLACE)  # in two numbers a unit: texts would be held for each of them
    several = (F.min(place) != F.max(place)).alias("_several")
    contested = both.groupBy(*policy.unit).agg(several).where("_several").select(*policy.unit)
    ranked = Window.partitionBy(*policy.unit).orderBy(
        *(F.desc(c) for c in policy.prefer), "arrived_at", *_PLACE
    )
    return (
        both.join(contested, on=list(policy.unit), how="left_semi")
        .groupBy(*dict.fromkeys((*policy.unit, *policy.prefer, "arrived_at", *_PLACE)))
        .agg(F.count(F.lit(1)).alias("_rows"))
        .withColumn("_rank", F.row_number().over(ranked))
        .where(F.col("_rank") > 1)
        .select(*policy.unit, *_PLACE, "_rows")
    )


def settle(
    table: Table, flagged: DataFrame, standing: DataFrame, account: Account, losers: DataFrame
) -> Judged:
    """Let new rows join the standing ones of their scope, and choose one record of each unit.

    Args:
        table: A fact table.
        flagged: Rows of new records with their reasons; held by the caller, since it is read several times.
        standing: The table's rows in every scope value that `flagged` touches.
        account: Of `flagged`.
        losers: `losers_of` the same; held by the caller, since it is read twice.
    """
    new, old = (F.coalesce(F.sum(F.when(F.expr(side), F.col("_rows"))), F.lit(0)) for side in _SIDES)
    lost = losers.agg(new.alias("new"), old.alias("old")).collect()[0]  # one row
    both = _both(table, flagged, standing)
    if lost["new"] or lost["old"]:
        keys = [*_facts(table).unit, *_PLACE]
        both = both.join(losers.select(*keys), on=keys, how="left_anti")
    counts = Counts(
        received=account.received,
        accepted=account.good - lost["new"],
        refused=account.received - account.good,
        duplicates=lost["new"],
        superseded=lost["old"],
    )
    return Judged(both.select(*table.names), to_quarantine(flagged), counts)


def _facts(table: Table) -> Facts:
    if not isinstance(table.write, Facts):
        raise TypeError(f"{table.name} is not a fact table")
    return table.write


def _both(table: Table, flagged: DataFrame, standing: DataFrame) -> DataFrame:
    good = flagged.where(accepted()).select(*table.names)
    return standing.withColumn("_new", F.lit(False)).unionByName(good.withColumn("_new", F.lit(True)))
