"""One row per piece of evidence that joins nobody, with the rule that speaks against it.

Nothing that was observed is dropped in silence: an edge is in force, or it stands here, whether it was refused when it
came or ended by a rule later. Two identifiers that were seen together have one row, however often; an edge that is
refused by itself, such as one with a blocked value, has a row for each time of arrival.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.identity import Reason, Resolution, Rules, resolution
from pipelines.lakehouse.expectations import at_least, in_order, one_of
from pipelines.lakehouse.table import Col, Components, Input, Table
from pipelines.lakehouse.types import LONG, STRING, TIMESTAMP
from pipelines.silver import identifier_edges as silver_identifier_edges
from pipelines.silver import identity_decisions as silver_identity_decisions
from pipelines.silver import person_identifiers as silver_person_identifiers
from pipelines.silver.identifier_edges import ENDS
from pipelines.silver.identity_decisions import ruled

TABLE = Table(
    name="silver.identity_rejected_edges",
    doc=__doc__,
    key=("component", "rejection_id"),
    scope=("component",),
    columns=(
        Col(
            "rejection_id", LONG, "Hash of the edge; of one refused by itself, with its time", nullable=False
        ),
        Col("left_type", STRING, "Type of the one identifier; null: missing"),
        Col("left_value", STRING, "The one identifier; null: missing"),
        Col("right_type", STRING, "Type of the other; null: missing, or it was seen alone"),
        Col("right_value", STRING, "The other; null: missing, or it was seen alone"),
        Col("source", STRING, "Of its heaviest observation; null: missing"),
        Col("reason", STRING, ", ".join(f"`{reason.name}`" for reason in Reason), nullable=False),
        Col("rule", STRING, "The reason as a sentence", nullable=False),
        Col("observed_at", TIMESTAMP, "When it was first observed (UTC); null: missing"),
        Col("last_observed_at", TIMESTAMP, "When it was last observed (UTC); null: missing"),
        Col("rejected_at", TIMESTAMP, "Since when it joins nobody (UTC); null: missing"),
        Col("observations", LONG, "Number of landing files that say so", nullable=False),
        Col(
            "component",
            STRING,
            "The evidence that it belongs to, as in `silver.person_identifiers`; of an edge that is refused by itself "
            "its left identifier",
            nullable=False,
        ),
    ),
    inputs=(
        Input(silver_identifier_edges.TABLE, whole=True),
        Input(silver_identity_decisions.TABLE, whole=True),
        Input(silver_person_identifiers.TABLE, whole=True),
    ),
    params=("identity.rules",),
    expect=(
        one_of("reason", tuple(reason.name for reason in Reason)),
        at_least("observations", 1),
        in_order("observed_at", "last_observed_at"),
    ),
    write=Components(),
)


def build(
    identifier_edges: DataFrame,
    decisions: DataFrame,
    person_identifiers: DataFrame,
    *,
    as_of: date,
    rules: Rules,
) -> DataFrame:
    """What the replay of all evidence refused or ended.

    Args:
        identifier_edges: `silver.identifier_edges`.
        decisions: `silver.identity_decisions`.
        person_identifiers: Not looked at here: a run takes from it which components a day's evidence touches.
        as_of: Not looked at: the edges are of that date.
        rules: What joins and what does not.
    """
    return told(resolution(identifier_edges, ruled(rules, decisions)))


def told(found: Resolution) -> DataFrame:
    """The rows of a resolution, be it of everything or of what a day touches."""
    sentences = F.create_map(*(F.lit(text) for reason in Reason for text in (reason.name, reason.value)))
    alone = [F.when(F.col("reason").isin(*_BY_ITSELF), F.col(name)) for name in ("observed_at", "source")]
    return found.rejected.withColumns(
        {"rejection_id": F.xxhash64(*ENDS, "reason", *alone), "rule": sentences[F.col("reason")]}
    ).select(*TABLE.names)


_BY_ITSELF = [
    reason.name for reason in (Reason.MISSING, Reason.UNKNOWN_TYPE, Reason.BLOCKED, Reason.SELF, Reason.NEVER)
]
