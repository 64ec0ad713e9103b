"""One row per business date, week and shop with a loyalty form: how clean the contacts are that were taken there.

A daily snapshot, since a later form makes an earlier one a duplicate, and a bounce makes its person unreachable. Of
each card the newest form counts, in the week in which it was signed. The figures are of forms, so shares are theirs;
one form may be duplicated and conflicting at once.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.lakehouse.expectations import at_least
from pipelines.lakehouse.table import AS_OF, Col, Snapshot, Table
from pipelines.lakehouse.types import DATE, INT, STRING
from pipelines.silver import campaigns as silver_campaigns
from pipelines.silver import customers as silver_customers
from pipelines.silver import engagement as silver_engagement
from pipelines.silver import person_identifiers as silver_person_identifiers
from pipelines.silver.campaigns import branded
from pipelines.silver.person_identifiers import cards, current

UNKNOWN = "-"
_STANDING = ("bounced", "complained", "unsubscribed", "resubscribed")
_CONTACTS = ("email", "phone")

TABLE = Table(
    name="gold.customer_master_quality",
    doc=__doc__,
    key=("as_of", "week", "store_id"),
    scope=("as_of",),
    columns=(
        AS_OF,
        Col(
            "week", DATE, "Monday of the week in which the form was signed; not told: arrived", nullable=False
        ),
        Col("store_id", STRING, f"The shop where it was signed; `{UNKNOWN}`: not told", nullable=False),
        Col("forms", INT, "Number of cards with a form", nullable=False),
        Col("email_given", INT, "Of these: something was written as e-mail address", nullable=False),
        Col("email_valid", INT, "The address can be one", nullable=False),
        Col("phone_given", INT, "Something was written as phone number", nullable=False),
        Col("phone_valid", INT, "The number can be one", nullable=False),
        Col(
            "reachable",
            INT,
            "A valid number, or a valid address that did not bounce, nor complained to or unsubscribed from the form's "
            "brand last",
            nullable=False,
        ),
        Col("duplicated", INT, "A valid contact that stands on another card's form, too", nullable=False),
        Col(
            "conflicting",
            INT,
            "The card's person has another card whose form has another valid address, or another number",
            nullable=False,
        ),
    ),
    inputs=(
        silver_customers.TABLE,
        silver_person_identifiers.TABLE,
        silver_engagement.TABLE,
        silver_campaigns.TABLE,
    ),
    expect=(at_least("forms", 1), at_least("reachable", 0)),
    write=Snapshot(),
)


def build(
    customers: DataFrame,
    person_identifiers: DataFrame,
    engagement: DataFrame,
    campaigns: DataFrame,
    *,
    as_of: date,
) -> DataFrame:
    """The forms that arrived, by week and shop."""
    owned = customers.join(cards(current(person_identifiers)), on="loyalty_card", how="left")
    refused = _refused(customers, branded(engagement, campaigns), as_of)
    forms = owned.join(refused, on="loyalty_card", how="left").join(
        _contacts_of(owned), on="person_id", how="left"
    )
    for contact in _CONTACTS:
        forms = forms.join(_cards_of(customers, contact), on=contact, how="left")
    signed_on = F.coalesce("joined_on", F.to_date("arrived_at"))
    reachable = F.col("phone").isNotNull() | (F.col("email").isNotNull() & F.col("_refused").isNull())
    return (
        forms.groupBy(
            F.to_date(F.date_trunc("week", signed_on)).alias("week"),
            F.coalesce("store_id", F.lit(UNKNOWN)).alias("store_id"),
        )
        .agg(
            F.count(F.lit(1)).cast(INT).alias("forms"),
            _counted(F.col("email_given")).alias("email_given"),
            _counted(F.col("email").isNotNull()).alias("email_valid"),
            _counted(F.col("phone_given")).alias("phone_given"),
            _counted(F.col("phone").isNotNull()).alias("phone_valid"),
            _counted(reachable).alias("reachable"),
            _counted(_several("_cards_by")).alias("duplicated"),
            _counted(_several("_different")).alias("conflicting"),
        )
        .select(F.lit(as_of).alias("as_of"), *TABLE.names[1:])
    )


def _refused(customers: DataFrame, engagement: DataFrame, as_of: date) -> DataFrame:
    """`loyalty_card` of forms to whose address their brand may not write, or nothing comes.

    What names no brand is of every brand, and so is an address that bounces; a form that names none is of every one.
    """
    said = engagement.where(
        (F.col("occurred_on") <= F.lit(as_of)) & F.col("kind").isin(*_STANDING) & F.col("email").isNotNull()
    ).select("email", F.col("brand").alias("_of"), "kind", "occurred_at", "event_id")
    of_all = F.col("_of").isNull() | F.col("brand").isNull() | (F.col("kind") == "bounced")
    addresses = customers.select("loyalty_card", "email", "brand")
    told = addresses.join(said, on="email", how="inner").where(of_all | (F.col("_of") == F.col("brand")))
    last = told.groupBy("loyalty_card").agg(
        F.max_by("kind", F.struct("occurred_at", "event_id")).alias("last")
    )
    return last.where(F.col("last") != "resubscribed").select("loyalty_card", F.lit(True).alias("_refused"))


def _cards_of(customers: DataFrame, contact: str) -> DataFrame:
    """Of each contact, the number of cards whose forms have it."""
    counted = customers.where(F.col(contact).isNotNull()).groupBy(contact)
    return counted.agg(F.count(F.lit(1)).alias(f"_cards_by_{contact}"))


def _contacts_of(owned: DataFrame) -> DataFrame:
    """Of each person, the number of different contacts on the forms of all their cards."""
    counted = owned.where(F.col("person_id").isNotNull()).groupBy("person_id")
    return counted.agg(*(F.count_distinct(contact).alias(f"_different_{contact}") for contact in _CONTACTS))


def _several(name: str) -> Column:
    email, phone = (F.coalesce(f"{name}_{contact}", F.lit(0)) > 1 for contact in _CONTACTS)
    return email | phone


def _counted(condition: Column) -> Column:
    return F.count(F.when(condition, True)).cast(INT)
