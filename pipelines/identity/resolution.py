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
from pipelines.identity.shared import LEFT, NEITHER, RIGHT, beyond_caps, crowds, held, marked, small

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
            identifiers that could have to do with each other, and whether it is `shared` (nobody's, now). What
            `update` needs to know.
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
            *_typed("node", "identifier"),
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
            *_typed("left", "left"),
            *_typed("right", "right"),
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
                    "component": _text("left"),
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
    """
    return resolution(edges, rules).identifiers


def resolution(edges: DataFrame, rules: Rules, *, driver_edges: int = DRIVER_EDGES) -> Resolution:
    """All that `resolve` finds out; the arguments are those of `resolve` and `components`."""
    observed = observations(evidence(edges, rules), rules).withColumn("far", F.lit(NEITHER))
    return _resolution(observed, refused(edges, rules), rules, driver_edges)


def update(
    edges: DataFrame,
    known: DataFrame,
    new: DataFrame,
    rules: Rules,
    *,
    gone: DataFrame | None = None,
    driver_edges: int = DRIVER_EDGES,
) -> Resolution:
    """What edges that came or went change, at the cost of the components that they touch.

    It is the part of `resolution(edges)` that they have to do with. Its rows take the place of all rows of the
    components in `replaced`, and of those that it names itself. Nothing else changes, since components do not see each
    other. New edges may be older than those known: components are replayed whole.

    Args:
        edges: All evidence now, as in `resolve`.
        known: The `components` of the resolution before, by the same rules.
        new: The edges that came since. A pair about which somebody decided since is to be named here, too.
        rules: Those by which `known` was found, but for `include` and `exclude`; with others resolve anew.
        gone: The edges that went since; null: none.
        driver_edges: As in `components`.
    """
    changed = new.select(*EDGE) if gone is None else new.select(*EDGE).unionByName(gone.select(*EDGE))
    changed = held(changed)
    ends = _ends(observations(changed, rules))
    if gone is not None:
        ends = ends.unionByName(_crowd(edges, known, gone, rules)).distinct()
    ends = small(ends)
    hit = small(known.join(ends, on="node", how="left_semi").select("component").distinct())
    touched = small(
        known.join(hit, on="component", how="left_semi").select("node").unionByName(ends).distinct()
    )
    unfit = changed.select(_text("left").alias("node"))
    near = _near(evidence(edges, rules), small(touched.unionByName(unfit).distinct())).localCheckpoint()
    observed = _within(observations(near, rules), touched, known)
    replaced = hit.unionByName(unfit.withColumnRenamed("node", "component")).distinct()
    return _resolution(observed, refused(near, rules), rules, driver_edges, replaced)


def _ends(observed: DataFrame) -> DataFrame:
    both = observed.select(F.col("left").alias("node")).union(observed.select("right"))
    return both.where(F.col("node").isNotNull()).distinct()


def _crowd(edges: DataFrame, known: DataFrame, gone: DataFrame, rules: Rules) -> DataFrame:
    """What is seen with an identifier that is nobody's and lost evidence: it may tie again what was beyond a cap."""
    lost = _ends(observations(gone, rules))
    many = known.where("shared").join(small(lost), on="node", how="left_semi").select("node")
    return _ends(observations(_near(edges, small(many)), rules))


def _resolution(
    observed: DataFrame,
    unfit: DataFrame,
    rules: Rules,
    driver_edges: int,
    replaced: DataFrame | None = None,
) -> Resolution:
    pairs = (
        observed.groupBy("left", "right", "left_kind", "right_kind", "far")
        .agg(F.min("at").alias("at"), F.count("*").alias("seen"))
        .localCheckpoint()
    )
    size = pairs.agg(F.count("*"), F.coalesce(F.sum("seen"), F.lit(0))).collect()[0]
    crowded = small(crowds(pairs, rules))
    beyond = small(beyond_caps(pairs, crowded, rules))
    tied = marked(pairs, beyond).select(
        _home().alias("left"), F.when(F.col("far") == NEITHER, F.col("right")).alias("right")
    )
    found = connected(tied, size[0], driver_edges)
    tasks = max(1, -(-int(size[1]) // ROWS_A_TASK))
    located = (
        marked(observed, beyond)
        .withColumn("node", _home())
        .join(found, on="node", how="inner")
        .drop("node")
        .repartition(tasks, "component")
    )
    many = crowded.select("node").distinct().withColumn("shared", F.lit(True))
    known = found.join(many, on="node", how="left").select(
        "node", "component", F.coalesce("shared", F.lit(False)).alias("shared")
    )
    return Resolution(located, unfit, known, rules, replaced)


def _home() -> Column:
    """The end by which a row finds its component."""
    return F.when(F.col("far") == LEFT, F.col("right")).otherwise(F.col("left"))


def _near(edges: DataFrame, touched: DataFrame) -> DataFrame:
    """The edges with a touched end: only these are worth a look."""
    for side in ("left", "right"):
        there = touched.select(F.col("node").alias(f"{side}_node"))
        edges = edges.join(there, on=_text(side) == F.col(f"{side}_node"), how="left")
    return edges.where(F.col("left_node").isNotNull() | F.col("right_node").isNotNull()).select(*EDGE)


def _within(observed: DataFrame, touched: DataFrame, known: DataFrame) -> DataFrame:
    """The observations that belong to touched components, with `far` where an end lies in one that is not touched.

    Where just one end is touched, the link comes after a cap; it belongs here if it is the other end that is shared.
    """
    many = known.where("shared").select("node", "shared")
    told = small(touched.withColumn("touched", F.lit(True)).join(many, on="node", how="full"))
    for side in ("left", "right"):
        names = {"node": side, "touched": f"{side}_in", "shared": f"{side}_many"}
        observed = observed.join(told.withColumnsRenamed(names), on=side, how="left")
    left, right = (F.coalesce(f"{side}_in", F.lit(False)) for side in ("left", "right"))
    far = (
        F.when(left & (right | F.col("right").isNull()), F.lit(NEITHER))
        .when(left & F.col("right_many"), F.lit(RIGHT))
        .when(right & F.col("left_many"), F.lit(LEFT))
    )
    return (
        observed.withColumn("far", far)
        .where(F.col("far").isNotNull())
        .drop("left_in", "right_in", "left_many", "right_many")
    )


def _text(side: str) -> Column:
    """An end as `type:value`."""
    return F.concat_ws(SEPARATOR, F.col(f"{side}_type"), F.col(f"{side}_value"))


def _typed(node: str, name: str) -> tuple[Column, Column]:
    """The type and the value of an identifier; null of none."""
    return (
        F.substring_index(node, SEPARATOR, 1).alias(f"{name}_type"),
        F.expr(f"substring({node}, instr({node}, '{SEPARATOR}') + 1)").alias(f"{name}_value"),
    )
