"""Edges as they come, made ready for the replay: one text for an identifier, the stronger end left, the bad set aside.

An edge without a right end (both its type and its value are null) says that an identifier was seen alone. An edge that
is refused joins nobody, but those of its ends that are in order were seen, each alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.errors import DataError
from pipelines.identity.law import INCLUDE
from pipelines.identity.reasons import Reason
from pipelines.identity.rules import SEPARATOR, Rules

EDGE = ("left_type", "left_value", "right_type", "right_value", "observed_at", "source")
SCHEMA = (
    "left_type string, left_value string, right_type string, right_value string, "
    "observed_at timestamp, source string"
)


def required(edges: DataFrame, columns: Sequence[str]) -> None:
    """Refuse edges that lack a column.

    Raises:
        DataError: the columns that are missing, by name.
    """
    if missing := [name for name in columns if name not in edges.columns]:
        raise DataError(
            f"The edges have no {', '.join(missing)}", remedy=f"Name their columns {', '.join(columns)}."
        )


def evidence(edges: DataFrame, rules: Rules) -> DataFrame:
    """The edges and what `include` decides, as edges of a source that no other evidence may have.

    Raises:
        DataError: a column is missing.
    """
    required(edges, EDGE)
    source = F.nullif(F.col("source").cast("string"), F.lit(INCLUDE)).alias("source")
    plain = edges.select(*EDGE[:5], source)
    if not rules.include:
        return plain
    decided = [
        (one.left.type, one.left.value, one.right.type, one.right.value, one.since, INCLUDE)
        for one in rules.include
    ]
    return plain.unionByName(edges.sparkSession.createDataFrame(decided, SCHEMA))


def observations(edges: DataFrame, rules: Rules) -> DataFrame:
    """One row per edge that may join, and one per identifier seen alone; in one pass.

    Returns:
        `left`, `right` (`type:value`; `right` is null where `left` was seen alone), `left_kind`, `right_kind` (places
        of their types), `at` (microseconds since 1970), `source`. `left` is before `right` by type, then value.
    """
    swapped = (F.col("right_kind") < F.col("left_kind")) | (
        (F.col("right_kind") == F.col("left_kind")) & (F.col("right_value") < F.col("left_value"))
    )
    joined = F.when(swapped, _row("right", "left")).otherwise(_row("left", "right"))
    seen = F.array(*(F.when(F.col(f"{side}_fault").isNull(), _row(side, None)) for side in ("left", "right")))
    rows = F.when(F.col("reason").isNull(), F.array(joined)).otherwise(F.filter(seen, F.isnotnull))
    return (
        _judged(edges, rules)
        .where(F.col("observed_at").isNotNull())
        .select("observed_at", "source", F.inline(rows))
        .select(
            _node(rules, "left").alias("left"),
            _node(rules, "right").alias("right"),
            F.col("left_kind").cast("byte").alias("left_kind"),
            F.col("right_kind").cast("byte").alias("right_kind"),
            F.unix_micros("observed_at").alias("at"),
            F.coalesce("source", F.lit("")).alias("source"),
        )
    )


def _row(first: str, second: str | None) -> Column:
    """The end called `first` as the left one, and `second`, if any, as the right one."""
    none = {"kind": F.lit(None).cast("int"), "value": F.lit(None).cast("string")}
    return F.struct(
        *(F.col(f"{first}_{part}").alias(f"left_{part}") for part in none),
        *(
            (F.col(f"{second}_{part}") if second else nothing).alias(f"right_{part}")
            for part, nothing in none.items()
        ),
    )


def refused(edges: DataFrame, rules: Rules) -> DataFrame:
    """The edges that are refused by themselves, as they came, with `reason`.

    An identifier seen alone that is in order is no refusal.
    """
    return (
        _judged(edges, rules)
        .where(F.col("reason").isNotNull() & (F.col("reason") != _ALONE))
        .select(*EDGE, "reason")
    )


_ALONE = "ALONE"


def _judged(edges: DataFrame, rules: Rules) -> DataFrame:
    """The edges with the place of each type, what is wrong with each end, and why they do not join, if they do not."""
    typed = edges.select(
        *(F.col(name).cast("string").alias(name) for name in EDGE[:4]),
        F.col("observed_at").try_cast("timestamp").alias("observed_at"),  # of a text that is none: missing
        F.col("source").cast("string").alias("source"),
    )
    faults = {side: _fault(rules, side) for side in ("left", "right")}
    weightless = [name for name, source in rules.sources.items() if not source.weight]
    same = F.col("left_type").eqNullSafe(F.col("right_type")) & F.col("left_value").eqNullSafe(
        F.col("right_value")
    )
    alone = F.col("right_type").isNull() & F.col("right_value").isNull()
    return typed.withColumns(
        {f"{side}_kind": _kind(rules, side) for side in faults}
        | {f"{side}_fault": faults[side] for side in faults}
    ).withColumn(
        "reason",
        F.when(F.col("observed_at").isNull(), F.lit(Reason.MISSING.name))
        .when(F.col("left_fault").isNotNull(), F.col("left_fault"))
        .when(alone, F.lit(_ALONE))
        .when(F.col("right_fault").isNotNull(), F.col("right_fault"))
        .when(same, F.lit(Reason.SELF.name))
        .when(F.col("source").isin(weightless), F.lit(Reason.NEVER.name)),
    )


def _kind(rules: Rules, side: str) -> Column:
    places = [F.when(F.col(f"{side}_type") == name, F.lit(place)) for name, place in rules.priority.items()]
    return F.coalesce(*places)


def _fault(rules: Rules, side: str) -> Column:
    kind, value = F.col(f"{side}_type"), F.col(f"{side}_value")
    return (
        F.when(kind.isNull() | value.isNull(), F.lit(Reason.MISSING.name))
        .when(_kind(rules, side).isNull(), F.lit(Reason.UNKNOWN_TYPE.name))
        .when(_blocked(rules, value), F.lit(Reason.BLOCKED.name))
    )


def _blocked(rules: Rules, value: Column) -> Column:
    blocked = F.lower(F.trim(value)).isin([literal.lower() for literal in rules.blocked.values])
    for pattern in rules.blocked.patterns:
        blocked = blocked | F.trim(value).rlike(pattern)
    return blocked


def _node(rules: Rules, side: str) -> Column:
    """`type:value`; null where there is no such end."""
    names = F.array(*(F.lit(one.name) for one in rules.types))
    return F.concat(F.get(names, F.col(f"{side}_kind")), F.lit(SEPARATOR), F.col(f"{side}_value"))
