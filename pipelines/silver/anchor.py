"""The anchor of a fact: the strongest identifier that it carries.

Facts carry identifiers, not persons: one of them, by the order in the settings, leads to the person
(`silver.person_identifiers`). A merge of persons then rewrites no fact.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.errors import SettingsError
from pipelines.lakehouse.table import Col
from pipelines.lakehouse.types import STRING

ANCHOR = (
    Col("anchor_type", STRING, "Type of the strongest identifier on it; null: anonymous"),
    Col("anchor_value", STRING, "That identifier; null: anonymous"),
)


def anchored(rows: DataFrame, anchors: Sequence[str]) -> DataFrame:
    """`rows` with `anchor_type` and `anchor_value`: the first of `anchors` that is a column and has a value.

    Raises:
        SettingsError: `rows` has none of them as a column, so no fact of this table could lead to a person.
    """
    carried = [kind for kind in anchors if kind in rows.columns]
    if not carried:
        raise SettingsError(
            f"None of identity.anchors ({', '.join(anchors)}) stands on these facts",
            remedy="Name in identity.anchors an identifier that they carry; conf/base.yaml has all of them.",
        )
    with_anchor = rows.withColumn("_anchor", F.coalesce(*map(_named, carried)))
    return with_anchor.withColumns(
        {"anchor_type": F.col("_anchor.type"), "anchor_value": F.col("_anchor.value")}
    ).drop("_anchor")


def _named(kind: str) -> Column:
    return F.when(F.col(kind).isNotNull(), F.struct(F.lit(kind).alias("type"), F.col(kind).alias("value")))
