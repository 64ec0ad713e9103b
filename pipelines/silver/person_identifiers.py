"""One row per identifier and time: whose it was, as far as was known then.

From `valid_from` until before `valid_to` the identifier was held to be the person's; an identifier has one row that
still holds. Times are arrivals: what an observation changes is dated by when we came to know. Facts carry identifiers,
and this table alone says whose they are, so a person who is found out later has all earlier purchases, visits and mails
at once. The rows are the replay of `silver.identifier_edges`: docs/identity.md.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.identity import Resolution, Rules, resolution
from pipelines.lakehouse.expectations import in_order
from pipelines.lakehouse.table import Col, Components, Input, Table
from pipelines.lakehouse.types import STRING, TIMESTAMP
from pipelines.silver import identifier_edges as silver_identifier_edges
from pipelines.silver import identity_decisions as silver_identity_decisions
from pipelines.silver.identity_decisions import ruled

LOYALTY_CARD = "loyalty_card"
IDENTIFIER = ("identifier_type", "identifier_value")
ADDRESSABLE = (LOYALTY_CARD, "login", "email", "phone", "payment_token")
"""Types by which somebody is a customer; who is known by others only is a browser or a piece of paper."""

COMPONENT = Col(
    "component",
    STRING,
    "The evidence that it hangs together with, called by its smallest identifier, "
    "`type:value`; what is replayed together",
    nullable=False,
)

TABLE = Table(
    name="silver.person_identifiers",
    doc=__doc__,
    key=(*IDENTIFIER, "valid_from"),
    scope=("component",),
    columns=(
        Col("identifier_type", STRING, "As `conf/identity.yaml` lists them", nullable=False),
        Col("identifier_value", STRING, "The identifier as the facts carry it", nullable=False),
        Col("person_id", STRING, "The person; null: nobody's, since it is shared by too many"),
        Col("valid_from", TIMESTAMP, "Since when it was known to be so (UTC)", nullable=False),
        Col("valid_to", TIMESTAMP, "Until before when (UTC); null: it still is"),
        COMPONENT,
    ),
    inputs=(
        Input(silver_identifier_edges.TABLE, whole=True),
        Input(silver_identity_decisions.TABLE, whole=True),
    ),
    params=("identity.rules",),
    expect=(in_order("valid_from", "valid_to"),),
    write=Components(),
)


def build(identifier_edges: DataFrame, decisions: DataFrame, *, as_of: date, rules: Rules) -> DataFrame:
    """Whose each identifier is, and was: the replay of all evidence."""
    return told(resolution(identifier_edges, ruled(rules, decisions)))


def told(found: Resolution) -> DataFrame:
    """The rows of a resolution, be it of everything or of what a day touches."""
    return found.history.select(*TABLE.names)


def current(person_identifiers: DataFrame) -> DataFrame:
    """Whose each identifier is now, `identifier_type, identifier_value, person_id`: what a fact is joined to.

    One row per identifier; one that is nobody's has none.
    """
    holds = F.col("valid_to").isNull() & F.col("person_id").isNotNull()
    return person_identifiers.where(holds).select(*IDENTIFIER, "person_id")


def cards(holds: DataFrame) -> DataFrame:
    """`person_id, loyalty_card` of what holds (`current`): whose each card is now, which joins the forms to people."""
    of_cards = holds.where(F.col("identifier_type") == LOYALTY_CARD)
    return of_cards.select("person_id", F.col("identifier_value").alias("loyalty_card"))


def addressable(person_identifiers: DataFrame) -> DataFrame:
    """`person_id` of everybody who is known by more than a browser or a mail's link, one row each."""
    named = current(person_identifiers).where(F.col("identifier_type").isin(*ADDRESSABLE))
    return named.select("person_id").distinct()
