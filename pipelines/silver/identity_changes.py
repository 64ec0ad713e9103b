"""One row per identifier that went from one person to another, or became nobody's: when, from whom to whom, and why.

The times are arrivals, so a day's changes are those between two closes of the books; the run that made them is the one
of that date in `audit.runs`. An identifier that is first seen has not changed.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipelines.lakehouse.expectations import one_of
from pipelines.lakehouse.table import Col, Table
from pipelines.lakehouse.types import STRING, TIMESTAMP
from pipelines.silver import identity_rejected_edges as silver_identity_rejected_edges
from pipelines.silver import person_identifiers as silver_person_identifiers
from pipelines.silver.person_identifiers import COMPONENT, IDENTIFIER

WHY = {
    "MERGED": "both persons were found to be one, and the older id stayed",
    "SPLIT": "a rule, an ended link or a decision took it from a person who goes on without it",
    "SHARED": "it was seen with more identifiers of a type than one person has",
}

TABLE = Table(
    name="silver.identity_changes",
    doc=__doc__,
    key=(*IDENTIFIER, "changed_at"),
    scope=("component",),
    columns=(
        Col("identifier_type", STRING, "As `conf/identity.yaml` lists them", nullable=False),
        Col("identifier_value", STRING, "The identifier as the facts carry it", nullable=False),
        Col("changed_at", TIMESTAMP, "When we came to know (UTC)", nullable=False),
        Col("from_person", STRING, "Whose it was until then", nullable=False),
        Col("to_person", STRING, "Whose it is from then on; null: nobody's"),
        Col("why", STRING, "; ".join(f"`{code}`: {says}" for code, says in WHY.items()), nullable=False),
        Col(
            "rule",
            STRING,
            "By which rules the person lost evidence then, as `silver.identity_rejected_edges` has them, joined by "
            "`, `; null: two were merged, or what was lost is in force again",
        ),
        COMPONENT,
    ),
    inputs=(silver_person_identifiers.TABLE, silver_identity_rejected_edges.TABLE),
    expect=(one_of("why", tuple(WHY)),),
)


def build(person_identifiers: DataFrame, rejected_edges: DataFrame, *, as_of: date) -> DataFrame:
    """What lies between two rows of one identifier that follow each other."""
    times = Window.partitionBy("component", *IDENTIFIER).orderBy("valid_from")
    changes = person_identifiers.select(
        "component",
        *IDENTIFIER,
        F.col("valid_from").alias("changed_at"),
        F.lag("person_id").over(times).alias("from_person"),
        F.col("person_id").alias("to_person"),
    ).where(F.col("from_person").isNotNull())
    goes_on = (
        person_identifiers.where(F.col("person_id").isNotNull())
        .select(
            "component",
            F.col("person_id").alias("from_person"),
            F.col("valid_from").alias("_from"),
            F.col("valid_to").alias("_to"),
        )
        .join(
            changes.select("component", "from_person", "changed_at").distinct(),
            on=["component", "from_person"],
            how="inner",
        )
        .where(
            (F.col("_from") <= F.col("changed_at"))
            & (F.col("_to").isNull() | (F.col("_to") > F.col("changed_at")))
        )
        .select("component", "from_person", "changed_at", F.lit(True).alias("_goes_on"))
        .distinct()
    )
    why = F.when(F.col("to_person").isNull(), "SHARED").when(F.col("_goes_on"), "SPLIT").otherwise("MERGED")
    told = changes.join(goes_on, on=_MOMENT, how="left").withColumn("why", why)
    rules = _rules(told.where(F.col("why") != "MERGED"), person_identifiers, rejected_edges)
    return (
        told.join(rules, on=_MOMENT, how="left")
        .withColumn("rule", F.when(F.col("why") != "MERGED", F.col("rules")))
        .select(*TABLE.names)
    )


_MOMENT = ["component", "from_person", "changed_at"]


def _rules(changes: DataFrame, person_identifiers: DataFrame, rejected_edges: DataFrame) -> DataFrame:
    """Of each person and moment, by which `rules` evidence of an identifier that was the person's ended then."""
    ends = rejected_edges.select(
        "component",
        F.col("rejected_at").alias("changed_at"),
        "reason",
        F.explode(
            F.array(
                *(
                    F.struct(F.col(f"{side}_type").alias("type"), F.col(f"{side}_value").alias("value"))
                    for side in ("left", "right")
                )
            )
        ).alias("end"),
    ).select(
        "component",
        "changed_at",
        "reason",
        F.col("end.type").alias("identifier_type"),
        F.col("end.value").alias("identifier_value"),
    )
    had = person_identifiers.select(
        "component", *IDENTIFIER, F.col("person_id").alias("from_person"), "valid_from", "valid_to"
    )
    until = F.col("valid_to").isNull() | (F.col("valid_to") >= F.col("changed_at"))
    return (
        changes.select(*_MOMENT)
        .distinct()
        .join(had, on=["component", "from_person"], how="inner")
        .where((F.col("valid_from") < F.col("changed_at")) & until)
        .join(ends, on=["component", "changed_at", *IDENTIFIER], how="inner")
        .groupBy(*_MOMENT)
        .agg(F.array_join(F.array_sort(F.collect_set("reason")), ", ").alias("rules"))
    )
