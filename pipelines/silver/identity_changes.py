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
        COMPONENT,
    ),
    inputs=(silver_person_identifiers.TABLE,),
    expect=(one_of("why", tuple(WHY)),),
)


def build(person_identifiers: DataFrame, *, as_of: date) -> DataFrame:
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
        )
        .where(
            (F.col("_from") <= F.col("changed_at"))
            & (F.col("_to").isNull() | (F.col("_to") > F.col("changed_at")))
        )
        .select("component", "from_person", "changed_at", F.lit(True).alias("_goes_on"))
        .distinct()
    )
    why = F.when(F.col("to_person").isNull(), "SHARED").when(F.col("_goes_on"), "SPLIT").otherwise("MERGED")
    return (
        changes.join(goes_on, on=["component", "from_person", "changed_at"], how="left")
        .withColumn("why", why)
        .select(*TABLE.names)
    )
