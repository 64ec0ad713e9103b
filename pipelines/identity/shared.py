"""Identifiers that are seen with too many others, found before components are formed: a kiosk ties thousands.

An identifier with a cap of n toward a type becomes nobody's with the (n+1)th of them. Links after that one have no
effect on it any more, so they need not tie it to their other end: that end's component takes them in, as refused.
"""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipelines.identity.rules import Rules

NEITHER, LEFT, RIGHT = 0, 1, 2
"""Values of `far`: which end of a link belongs to a component elsewhere."""

FEW_ROWS = 200_000
"""Up to so many the driver holds by itself: some 15 MB."""
BROADCAST_ROWS = 2_000_000
"""Up to so many identifiers or links go whole to every task: some 150 MB."""


def crowds(pairs: DataFrame, rules: Rules) -> DataFrame:
    """The identifiers over a cap: `node`, the place of the `other_kind` and its cap, `most`.

    Args:
        pairs: One row per `left` and `right` of `evidence.observations`, with `left_kind`, `right_kind`, and `at`,
            when they were first seen together.
        rules: For their caps.
    """
    sides = [
        _capped(pairs, rules, side, other).select(F.col(side).alias("node"), "other_kind", "most")
        for side, other in _ENDS
    ]
    return (
        sides[0]
        .unionByName(sides[1])
        .groupBy("node", "other_kind", "most")
        .agg(F.count("*").alias("seen"))
        .where(F.col("seen") > F.col("most"))
        .select("node", "other_kind", "most")
    )


def beyond_caps(pairs: DataFrame, crowded: DataFrame, rules: Rules) -> DataFrame:
    """The links after the one that made an end nobody's: `left`, `right`, and `beyond`, which end that is.

    Args:
        pairs: As in `crowds`.
        crowded: What `crowds` found.
        rules: For their caps.
    """
    places = {"left": LEFT, "right": RIGHT}
    sides = [
        _capped(pairs, rules, side, other)
        .select(
            F.col(side).alias("node"),
            "other_kind",
            "at",
            F.col(other).alias("met"),
            "left",
            "right",
            F.lit(places[side]).alias("beyond"),
        )
        .join(crowded, on=["node", "other_kind"], how="inner")
        for side, other in _ENDS
    ]
    in_order = Window.partitionBy("node", "other_kind").orderBy("at", "met")
    return (
        sides[0]
        .unionByName(sides[1])
        .withColumn("place", F.row_number().over(in_order))
        .where(F.col("place") > F.col("most") + 1)
        .groupBy("left", "right")
        .agg(F.min("beyond").alias("beyond"))
        .select("left", "right", "beyond")
    )


def gathered(rows: DataFrame) -> DataFrame:
    """The rows, computed once: by the driver where they are few, so that reading them again starts no job."""
    few = _few(rows)
    return rows.localCheckpoint() if few is None else few


def small(rows: DataFrame) -> DataFrame:
    """The rows, computed once, and sent to every task of a join where they are not too many for that."""
    few = _few(rows)
    if few is not None:
        return F.broadcast(few)
    rows = rows.localCheckpoint()
    return F.broadcast(rows) if rows.count() <= BROADCAST_ROWS else rows


def _few(rows: DataFrame) -> DataFrame | None:
    found = rows.limit(FEW_ROWS + 1).toArrow()
    return rows.sparkSession.createDataFrame(found, rows.schema) if found.num_rows <= FEW_ROWS else None


def marked(rows: DataFrame, beyond: DataFrame) -> DataFrame:
    """The rows with `far` for the links beyond a cap; where it was said before it stays."""
    far = F.when(F.col("far") == NEITHER, F.coalesce("beyond", F.lit(NEITHER))).otherwise(F.col("far"))
    return rows.join(beyond, on=["left", "right"], how="left").withColumn("far", far).drop("beyond")


_ENDS = (("left", "right"), ("right", "left"))


def _capped(pairs: DataFrame, rules: Rules, side: str, other: str) -> DataFrame:
    """The pairs in which the type of `side` has a cap toward the type of `other`: with that and the cap, `most`."""
    most = F.coalesce(
        F.lit(None).cast("int"),
        *(
            F.when(
                (F.col(f"{side}_kind") == rules.priority[cap.of])
                & (F.col(f"{other}_kind") == rules.priority[cap.to]),
                F.lit(cap.most),
            )
            for cap in rules.caps
        ),
    )
    return pairs.withColumns({"most": most, "other_kind": F.col(f"{other}_kind")}).where(
        F.col("most").isNotNull()
    )
