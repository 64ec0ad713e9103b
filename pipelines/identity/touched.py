"""What edges that came or went change: the components that they touch, replayed whole, and nothing else."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.identity.evidence import EDGE, evidence, observations, refused
from pipelines.identity.labels import DRIVER_EDGES
from pipelines.identity.resolving import Resolution, located, text, typed
from pipelines.identity.rules import Rules
from pipelines.identity.shared import LEFT, NEITHER, RIGHT, gathered, small


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
        known: The `components` of the resolution before, by the same rules; `since` may be later than there.
        new: The edges that came since. A pair about which somebody decided since is to be named here, too.
        rules: Those by which `known` was found, but for `include` and `exclude`; with others resolve anew.
        gone: The edges that went since; null: none.
        driver_edges: As in `components`.
    """
    changed = _news(gathered(new.select(*EDGE)), known)
    changed = gathered(changed if gone is None else changed.unionByName(gone.select(*EDGE)))
    ends = _ends(observations(changed, rules))
    if gone is not None:
        ends = ends.unionByName(_crowd(edges, known, gone, rules)).distinct()
    ends = small(ends)
    hit = small(known.join(ends, on="node", how="left_semi").select("component").distinct())
    touched = small(
        known.join(hit, on="component", how="left_semi").select("node").unionByName(ends).distinct()
    )
    unfit = changed.select(text("left").alias("node"))
    near = _near(evidence(edges, rules), small(touched.unionByName(unfit).distinct())).localCheckpoint()
    observed = _within(observations(near, rules), touched, known)
    replaced = hit.unionByName(unfit.withColumnRenamed("node", "component")).distinct()
    return located(observed, refused(near, rules), rules, driver_edges, replaced)


def _news(new: DataFrame, known: DataFrame) -> DataFrame:
    """Without sightings that change nothing: alone, of an identifier that was known by then (`Replay._observe`).

    Most of a day's evidence is such: a card at a till, a browser that comes again.
    """
    alone = F.col("right_type").isNull() & F.col("right_value").isNull()
    before = known.select(F.col("node").alias("known_node"), "since")
    told = new.join(before, on=alone & (text("left") == F.col("known_node")), how="left")
    nothing_new = F.coalesce(F.unix_micros("observed_at") >= F.col("since"), F.lit(False))
    return told.where(~nothing_new).select(*EDGE)


def _ends(observed: DataFrame) -> DataFrame:
    both = observed.select(F.col("left").alias("node")).union(observed.select("right"))
    return both.where(F.col("node").isNotNull()).distinct()


def _crowd(edges: DataFrame, known: DataFrame, gone: DataFrame, rules: Rules) -> DataFrame:
    """What is seen with an identifier that is nobody's and lost evidence: it may tie again what was beyond a cap."""
    lost = _ends(observations(gone, rules))
    many = known.where("shared").join(small(lost), on="node", how="left_semi").select("node")
    return _ends(observations(_near(edges, small(many)), rules))


def _near(edges: DataFrame, touched: DataFrame) -> DataFrame:
    """The edges with a touched end: only these are worth a look."""
    there = touched.select(*typed("node", "end"), F.lit(True).alias("near"))
    for side in ("left", "right"):  # by two columns: to put them together costs more than to look both up
        names = {"end_type": f"{side}_type", "end_value": f"{side}_value", "near": f"{side}_near"}
        edges = edges.join(there.withColumnsRenamed(names), on=list(names.values())[:2], how="left")
    return edges.where(F.col("left_near") | F.col("right_near")).select(*EDGE)


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
