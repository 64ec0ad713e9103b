"""The anchor of a fact: the strongest identifier that it carries.

Facts carry identifiers, not persons: one of them, by the order in the settings, leads to the person
(`silver.person_identifiers`). A merge of persons then rewrites no fact.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.errors import SettingsError
from pipelines.lakehouse.table import Col
from pipelines.lakehouse.types import STRING

ANCHOR = (
    Col("anchor_type", STRING, "Type of the strongest identifier on it; null: anonymous"),
    Col("anchor_value", STRING, "That identifier; null: anonymous"),
)

MALFORMED = (
    Col("email_malformed", STRING, "Token of what was written as address and is none; null: nothing was"),
    Col("phone_malformed", STRING, "Token of what was written as number and is none; null: nothing was"),
)
"""Evidence of who made a fact is kept, be it refused: `silver.identity_rejected_edges`."""


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
    kinds = F.coalesce(*(F.when(F.col(kind).isNotNull(), F.lit(kind)) for kind in carried))
    return rows.withColumns({"anchor_type": kinds, "anchor_value": F.coalesce(*map(F.col, carried))})
