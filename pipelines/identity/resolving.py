"""Evidence in, persons out: everything anew, or what a day touches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.identity import partition
from pipelines.identity.evidence import EDGE, evidence, observations, refused
from pipelines.identity.labels import DRIVER_EDGES, connected
from pipelines.identity.rules import SEPARATOR, Rules
from pipelines.identity.shared import LEFT, NEITHER, RIGHT, beyond_caps, crowds, marked, small

ROWS_A_TASK = 250_000
SPANS = "component string, node string, person_id string, since long, until long"
LINKS = (
    "component string, left string, right string, first long, last long, source string, observations long, "
    "reason string, out long"
)


@dataclass(frozen=True)
class Resolution:
    """What evidence comes to.

    Args:
        observed: The evidence, located in components. The frames below are computed from it whenever they are read:
            persist it where both are.
        unfit: Edges refused by themselves.
        components: One row per identifier: `node` (`type:value`), its `component` of evidence, the largest set of
            identifiers that could have to do with each other, whether it is `shared` (nobody's, now), and `since`
            when it is known (microseconds since 1970). What `update` needs to know.
        rules: By which.
        replaced: Of an update, `component`: those that stood before whose rows give way to rows of this; null: all.
    """

    observed: DataFrame
    unfit: DataFrame
    components: DataFrame
    rules: Rules
    replaced: DataFrame | None = None

    @property
    def history(self) -> DataFrame:
        """As `identifiers`, with the `component`, and with rows for the times in which an identifier was nobody's.

        There `person_id` is null. So each identifier has one row that still holds.
        """
        return self._resolved(partition.spans, SPANS).select(
            "component",
            *typed("node", "identifier"),
            "person_id",
            F.timestamp_micros("since").alias("valid_from"),
            F.timestamp_micros("until").alias("valid_to"),
        )

    @property
    def identifiers(self) -> DataFrame:
        """One row per identifier and time: `identifier_type, identifier_value, person_id, valid_from, valid_to`.

        From `valid_from` until before `valid_to` (null: still) the identifier was known to be the person's. Times of
        one identifier do not overlap; a gap: it was nobody's, since it was shared.
        """
        return self.history.where(F.col("person_id").isNotNull()).drop("component")

    @property
    def links(self) -> DataFrame:
        """One row per two identifiers seen together: an edge, with what became of it.

        `observed_at`: when first; `last_observed_at`; `source`: of its heaviest observation; `observations`: their
        number. `reason` (a name of `Reason`) and `rejected_at` are null for an edge in force. `component`: the one
        that it is evidence of.
        """
        return self._resolved(partition.links, LINKS).select(
            "component",
            *typed("left", "left"),
            *typed("right", "right"),
            F.timestamp_micros("first").alias("observed_at"),
            F.timestamp_micros("last").alias("last_observed_at"),
            "source",
            "observations",
            "reason",
            F.timestamp_micros("out").alias("rejected_at"),
        )

    @property
    def accepted(self) -> DataFrame:
        """The edges in force, as `links`, without a reason."""
        return self.links.where(F.col("reason").isNull()).drop("reason", "rejected_at")

    @property
    def rejected(self) -> DataFrame:
        """The edges that join nobody, as `links`, whether refused by themselves or ended by a rule later.

        The `component` of one that is refused by itself is its left end, as `type:value`.
        """
        unfit = self.unfit.groupBy(*EDGE, "reason").agg(F.count("*").alias("observations"))
        return self.links.where(F.col("reason").isNotNull()).unionByName(
            unfit.withColumns(
                {
                    "component": text("left"),
                    "last_observed_at": F.col("observed_at"),
                    "rejected_at": F.col("observed_at"),
                }
            )
        )

    def _resolved(self, how: Callable[[pa.Table, Rules], pa.Table], schema: str) -> DataFrame:
        return self.observed.mapInArrow(partition.mapper(how, self.rules), schema)


def resolve(edges: DataFrame, rules: Rules) -> DataFrame:
    """Whose each identifier is, and was: the replay of all evidence in order of `observed_at`, then of content.

    Args:
        edges: `left_type, left_value, right_type, right_value, observed_at, source`, in any order, with repetitions;
            both columns of the right end null: the left one was seen alone. Other columns are not looked at.
        rules: What joins and what does not.

    Returns:
        `identifier_type, identifier_value, person_id, valid_from, valid_to`, as `Resolution.identifiers`. What was
        refused, and why, is in `resolution(edges, rules).rejected`.

    Raises:
        DataError: a column is missing.
    """
    return resolution(edges, rules).identifiers


def resolution(edges: DataFrame, rules: Rules, *, driver_edges: int = DRIVER_EDGES) -> Resolution:
    """All that `resolve` finds out; the arguments are those of `resolve` and `components`."""
    observed = observations(evidence(edges, rules), rules).withColumn("far", F.lit(NEITHER))
    return located(observed, refused(edges, rules), rules, driver_edges)


def located(
    observed: DataFrame,
    unfit: DataFrame,
    rules: Rules,
    driver_edges: int,
    replaced: DataFrame | None = None,
) -> Resolution:
    """The resolution of observations that hold whole components, with `far` where an end is known to lie elsewhere."""
    # Held, though it is but read twice: Sail takes ten times as long to group rows that one plan first takes apart.
    observed = observed.localCheckpoint()
    pairs = (
        observed.groupBy("left", "right", "left_kind", "right_kind", "far")
        .agg(F.min("at").alias("at"), F.count("*").alias("seen"))
        .localCheckpoint()
    )
    alone = F.col("right").isNull()
    to_replay = F.sum(F.when(alone, 1).otherwise(F.col("seen")))
    size = pairs.agg(F.count("*"), F.coalesce(to_replay, F.lit(0))).collect()[0]  # one row
    crowded = small(crowds(pairs, rules))
    beyond = small(beyond_caps(pairs, crowded, rules))
    tied = marked(pairs, beyond).select(
        _home().alias("left"), F.when(F.col("far") == NEITHER, F.col("right")).alias("right")
    )
    found = connected(tied, size[0], driver_edges)
    tasks = max(1, -(-int(size[1]) // ROWS_A_TASK))
    # Of sightings alone only the first says anything: whoever is known has arrived.
    first = pairs.where(alone).drop("seen").withColumn("source", F.lit(""))
    placed = (
        marked(observed.where(~alone).unionByName(first), beyond)
        .withColumn("node", _home())
        .join(found, on="node", how="inner")
        .drop("node")
        .repartition(tasks, "component")
    )
    many = crowded.select("node").distinct().withColumn("shared", F.lit(True))
    arrived = _arrived(marked(pairs, beyond))
    known = (
        found.join(many, on="node", how="left")
        .join(arrived, on="node", how="inner")
        .select("node", "component", F.coalesce("shared", F.lit(False)).alias("shared"), "since")
    )
    return Resolution(placed, unfit, known, rules, replaced)


def _home() -> Column:
    """The end by which a row finds its component."""
    return F.when(F.col("far") == LEFT, F.col("right")).otherwise(F.col("left"))


def _arrived(pairs: DataFrame) -> DataFrame:
    """`node, since` of each identifier at home here."""
    left = pairs.where(F.col("far") != LEFT).select(F.col("left").alias("node"), "at")
    right = pairs.where((F.col("far") != RIGHT) & F.col("right").isNotNull()).select("right", "at")
    return left.union(right).groupBy("node").agg(F.min("at").alias("since"))


def text(side: str) -> Column:
    """An end as `type:value`."""
    return F.concat_ws(SEPARATOR, F.col(f"{side}_type"), F.col(f"{side}_value"))


def typed(node: str, name: str) -> tuple[Column, Column]:
    """The type and the value of an identifier; null of none."""
    return (
        F.substring_index(node, SEPARATOR, 1).cast("string").alias(f"{name}_type"),
        F.expr(f"substring({node}, instr({node}, '{SEPARATOR}') + 1)").alias(f"{name}_value"),
    )
