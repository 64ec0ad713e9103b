"""Tables by component of evidence: what does changed evidence come to, and which rows give way?

Which components an edge touches is known only to the table of identifiers as it stands, and a new edge may join several
into one. So these tables are not narrowed by values of a scope: `identity.update` replays what is touched, and the rows
of those components are replaced. Two tables are made of the same replay; whichever comes second in a run finds it done.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.identity import Resolution, Rules, resolution, update
from pipelines.identity.evidence import EDGE
from pipelines.identity.rules import SEPARATOR
from pipelines.identity.shared import gathered
from pipelines.incremental import Asked
from pipelines.lakehouse.lake import CHANGE_SIGN, Lake, any_of
from pipelines.lakehouse.mark import Mark
from pipelines.lakehouse.table import Table
from pipelines.silver import identifier_edges as edges
from pipelines.silver import identity_decisions as decisions
from pipelines.silver import person_identifiers as persons


def resolved(
    lake: Lake, since: Mark | None, standing: int, versions: Mapping[str, int], rules: Rules, asked: Asked
) -> Resolution | None:
    """What the evidence comes to now: all of it, or what was touched since a watermark; null: nothing was.

    Args:
        lake: Where the tables are.
        since: The watermark of the table that asks; null: it is made anew.
        standing: The version of `silver.person_identifiers` that goes with it.
        versions: The inputs' versions now.
        rules: Without what is decided in the lake.
        asked: What the other table of this run may have asked already.
    """
    now = {table.name: versions[table.name] for table in (edges.TABLE, decisions.TABLE)}
    before = {name: since.inputs[name] for name in now} if since else {}
    if before == now:
        return None
    if any(before[name] > now[name] for name in before):  # an input was restored
        before = {}
    key = ("resolved", standing if before else None, *before.values(), *now.values())
    found: Resolution | None = asked.once(key, lambda: _found(lake, before, standing, now, rules))
    return found


def _found(
    lake: Lake, before: Mapping[str, int], standing: int, now: Mapping[str, int], rules: Rules
) -> Resolution | None:
    evidence = lake.read(edges.TABLE, now[edges.TABLE.name])
    law = decisions.ruled(rules, lake.read(decisions.TABLE, now[decisions.TABLE.name]))
    if before:
        try:
            changed = _changed(lake, edges.TABLE, before, now).unionByName(_decided(lake, before, now))
            known = _known(lake.read(persons.TABLE, standing))
        except AnalysisException:  # the change feed was cleaned away: everything anew, never guess
            return _kept(resolution(evidence, law))
        changed = gathered(changed)
        if changed.isEmpty():
            return None
        gone = changed.where(F.col(CHANGE_SIGN) < 0)
        came = changed.where(F.col(CHANGE_SIGN) > 0)
        return _kept(update(evidence, known, came, law, gone=None if gone.isEmpty() else gone))
    return _kept(resolution(evidence, law))


def _kept(found: Resolution) -> Resolution:
    """With its evidence at hand, since more than one table is made of it."""
    return dataclasses.replace(found, observed=found.observed.localCheckpoint())


def _changed(lake: Lake, table: Table, before: Mapping[str, int], now: Mapping[str, int]) -> DataFrame:
    name = table.name
    if before[name] == now[name]:
        return lake.spark.createDataFrame([], _EDGE_SCHEMA)
    return lake.changes(table, before[name], now[name], EDGE, of=EDGE)


def _decided(lake: Lake, before: Mapping[str, int], now: Mapping[str, int]) -> DataFrame:
    """The pairs about which somebody decided anew, in the shape of edges: what they name is to be replayed."""
    name = decisions.TABLE.name
    if before[name] == now[name]:
        return lake.spark.createDataFrame([], _EDGE_SCHEMA)
    said = lake.changes(decisions.TABLE, before[name], now[name], (*decisions.PAIR, "arrived_at", "decision"))
    return said.select(
        *decisions.PAIR,
        F.col("arrived_at").alias("observed_at"),
        F.col("decision").alias("source"),
        CHANGE_SIGN,
    )


_EDGE_SCHEMA = (
    "left_type string, left_value string, right_type string, right_value string, observed_at timestamp, "
    f"source string, {CHANGE_SIGN} long"
)


def _known(person_identifiers: DataFrame) -> DataFrame:
    """Which component each identifier is in, whether it is nobody's, and since when: what `update` goes by."""
    return person_identifiers.where(F.col("valid_to").isNull()).select(
        F.concat_ws(SEPARATOR, *persons.IDENTIFIER).alias("node"),
        "component",
        F.col("person_id").isNull().alias("shared"),
        F.unix_micros("valid_from").alias("since"),
    )


def placed(
    standing: DataFrame, rows: DataFrame, table: Table, found: Resolution, most: int
) -> tuple[DataFrame, str, str]:
    """What to write, the predicate of what gives way to it, and how much that is, in words.

    Args:
        standing: The table's rows.
        rows: Those of the resolution.
        table: Its scope is the component.
        found: The resolution.
        most: Up to so many components are replaced by name; beyond, the table is written whole.
    """
    if found.replaced is None:
        return rows, "true", "rebuilt"
    rows = rows.localCheckpoint()
    (scope,) = table.scope
    named = found.replaced.select(F.col("component").alias(scope)).unionByName(rows.select(scope))
    touched = gathered(named.distinct())
    few = [row[0] for row in touched.limit(most + 1).collect()]  # bounded by `most`
    said = f"{touched.count()} x {scope}"
    if len(few) <= most:
        return rows, any_of(scope, sorted(few)), said
    others = standing.join(touched, on=scope, how="left_anti").select(*table.names)
    return others.unionByName(rows.select(*table.names)), "true", said
