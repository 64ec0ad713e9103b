"""One row per business date and person known by more than a browser: the one record that CRM, tills and site share.

A daily snapshot. Of each attribute the newest form that tells it counts, among the forms of all cards of the person
(ties by card); of a contact that no form tells, the one that came to the person last. Contacts are tokens.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.lakehouse.table import AS_OF, PERSON, Col, Snapshot, Table
from pipelines.lakehouse.types import DATE, STRING
from pipelines.silver import customers as silver_customers
from pipelines.silver import identity_changes as silver_identity_changes
from pipelines.silver import person_identifiers as silver_person_identifiers
from pipelines.silver.person_identifiers import LOYALTY_CARD, addressable, cards
from pipelines.silver.sessions import NAMES

CONTACTS = ("email", "phone")
TOLD = ("age_band", "income_band", "home_ownership", "marital_status", "household_size", "kids_count")

TABLE = Table(
    name="gold.golden_records",
    doc=__doc__,
    key=("as_of", "person_id"),
    scope=("as_of",),
    columns=(
        AS_OF,
        PERSON,
        Col("loyalty_cards", NAMES, "Numbers of the person's cards, in order; empty: none", nullable=False),
        Col("logins", NAMES, "The person's accounts, in order; empty: none", nullable=False),
        Col("email", STRING, "Token of the address to use; null: none is known"),
        Col("phone", STRING, "Token of the number to use; null: none is known"),
        Col("joined_on", DATE, "Day of the first form; null: not known"),
        *(Col(name, STRING, "As in `silver.customers`; null: no form tells") for name in TOLD),
        Col(
            "former_ids",
            NAMES,
            "Persons that were found to be this one, in order of their ids; empty: none",
            nullable=False,
        ),
    ),
    inputs=(silver_person_identifiers.TABLE, silver_customers.TABLE, silver_identity_changes.TABLE),
    write=Snapshot(),
)


def build(
    person_identifiers: DataFrame, customers: DataFrame, identity_changes: DataFrame, *, as_of: date
) -> DataFrame:
    """The record of each person now."""
    holds = person_identifiers.where(F.col("valid_to").isNull() & F.col("person_id").isNotNull())
    known = holds.groupBy("person_id").agg(
        _values(LOYALTY_CARD).alias("loyalty_cards"),
        _values("login").alias("logins"),
        *(
            F.max(
                F.when(F.col("identifier_type") == contact, F.struct("valid_from", "identifier_value"))
            ).alias(f"_{contact}")
            for contact in CONTACTS
        ),
    )
    told = (
        cards(holds)
        .join(customers, on="loyalty_card", how="inner")
        .groupBy("person_id")
        .agg(
            F.min("joined_on").alias("joined_on"),
            *(_newest(name).alias(f"_told_{name}") for name in (*CONTACTS, *TOLD)),
        )
    )
    merged = (
        identity_changes.where((F.col("why") == "MERGED") & F.col("to_person").isNotNull())
        .groupBy(F.col("to_person").alias("person_id"))
        .agg(F.array_sort(F.collect_set("from_person")).alias("_former"))
    )
    contacts = {
        contact: F.coalesce(f"_told_{contact}.{contact}", f"_{contact}.identifier_value")
        for contact in CONTACTS
    }
    return (
        addressable(person_identifiers)
        .join(known, on="person_id", how="inner")
        .join(told, on="person_id", how="left")
        .join(merged, on="person_id", how="left")
        .withColumns(contacts | {name: F.col(f"_told_{name}.{name}") for name in TOLD})
        .withColumns(
            {"as_of": F.lit(as_of), "former_ids": F.coalesce("_former", F.array().cast("array<string>"))}
        )
        .select(*TABLE.names)
    )


def _values(kind: str) -> Column:
    """The person's identifiers of a type, in order."""
    return F.array_sort(F.collect_set(F.when(F.col("identifier_type") == kind, F.col("identifier_value"))))


def _newest(name: str) -> Column:
    """Of the forms that tell it, the newest one's."""
    return F.max(F.when(F.col(name).isNotNull(), F.struct("arrived_at", "loyalty_card", name)))
