"""One row per two identifiers about which somebody decided, with the latest decision.

Decisions are evidence like any other: they arrive, are kept as received, and hold from their arrival on, so a run for a
past date sees those of its time, and a rebuild gives what the days gave.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.bronze import records as bronze
from pipelines.identity import Identifier, Rules
from pipelines.identity.rules import IdentifierType
from pipelines.lakehouse.expectations import one_of
from pipelines.lakehouse.reasons import Reason
from pipelines.lakehouse.refusal import Objection, refuse_if
from pipelines.lakehouse.table import LINEAGE, Col, Facts, Table
from pipelines.lakehouse.types import STRING
from pipelines.landing.identity_decisions import SOURCE
from pipelines.silver.parse import parse

EXCLUDE, INCLUDE, WITHDRAW = "exclude", "include", "withdraw"
DECISIONS = (EXCLUDE, INCLUDE, WITHDRAW)
PAIR = ("left_type", "left_value", "right_type", "right_value")

TABLE = Table(
    name="silver.identity_decisions",
    doc=__doc__,
    key=PAIR,
    scope=("left_value",),
    columns=(
        Col(
            "left_type",
            STRING,
            "Type of the identifier that comes first by type, then by value",
            nullable=False,
        ),
        Col("left_value", STRING, "That identifier; a contact is a token", nullable=False),
        Col("right_type", STRING, "Type of the other", nullable=False),
        Col("right_value", STRING, "The other identifier", nullable=False),
        Col("decision", STRING, ", ".join(f"`{one}`" for one in DECISIONS), nullable=False),
        Col("why", STRING, "In the words of who decided; null: not told"),
        *LINEAGE,
    ),
    inputs=(bronze.TABLES["identity_decisions"],),
    params=("identity.rules.types",),
    expect=(one_of("decision", DECISIONS),),
    write=Facts(unit=PAIR, prefer=("arrived_at", "content_hash")),
)


def build(records: DataFrame, *, as_of: date, types: Sequence[IdentifierType]) -> DataFrame:
    """One row per record, with the reasons against it; a decision of one identifier about itself is none."""
    names = [one.name for one in types]
    given = refuse_if(
        parse(records, SOURCE),
        *(
            Objection(~F.col(f"{side}_type").isin(names), Reason.UNKNOWN_CODE, f"{side}_type")
            for side in _SIDES
        ),
        Objection(_end("left") == _end("right"), Reason.NAMED_TWICE, "right_value"),
    )
    ends = {
        "_first": F.least(_end("left"), _end("right")),
        "_second": F.greatest(_end("left"), _end("right")),
    }
    placed = zip(_SIDES, ends, strict=True)
    return (
        given.withColumns(ends)
        .withColumns(
            {f"{side}_{part}": F.col(f"{end}.{part}") for side, end in placed for part in ("type", "value")}
        )
        .drop(*ends)
    )


def ruled(rules: Rules, decisions: DataFrame) -> Rules:
    """The rules, and what was decided: each decision holds from its arrival on.

    Raises:
        SettingsError: a decision contradicts another one, or one that the rules list.
    """
    for row in (
        decisions.where(F.col("decision") != WITHDRAW).orderBy(*PAIR).collect()
    ):  # as many as people made
        pair = (Identifier(type=row[f"{side}_type"], value=row[f"{side}_value"]) for side in _SIDES)
        said = {"since": row["arrived_at"].astimezone(UTC), "why": row["why"] or ""}
        rules = (
            rules.excluding(*pair, **said) if row["decision"] == EXCLUDE else rules.including(*pair, **said)
        )
    return rules


_SIDES = ("left", "right")


def _end(side: str) -> Column:
    return F.struct(F.col(f"{side}_type").alias("type"), F.col(f"{side}_value").alias("value"))
