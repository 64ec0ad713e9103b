"""One row per loyalty card with a filled form, as its latest record says.

Contacts are tokens; only an export opens the vault.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame

from pipelines.bronze import records as bronze
from pipelines.lakehouse.table import LINEAGE, Col, Facts, Table
from pipelines.lakehouse.types import DATE, STRING
from pipelines.landing.customers import SOURCE
from pipelines.silver.parse import parse

TABLE = Table(
    name="silver.customers",
    doc=__doc__,
    key=("loyalty_card",),
    scope=("loyalty_card",),
    columns=(
        Col("loyalty_card", STRING, "The card that the form was filled for", nullable=False),
        Col("joined_on", DATE, "Day the form was signed; missing: not known"),
        Col("email", STRING, "Token of the email; null: not given, or not valid"),
        Col("phone", STRING, "Token of the phone; null: not given, or not valid"),
        Col("age_band", STRING, "Such as `35-44`"),
        Col("income_band", STRING, "Yearly, such as `50-74K`"),
        Col("home_ownership", STRING, "Such as `Homeowner`"),
        Col("marital_status", STRING, "`Married` or `Unmarried`"),
        Col("household_size", STRING, "Persons, `5+` for five and more"),
        Col("household_composition", STRING, "Such as `2 Adults Kids`"),
        Col("kids_count", STRING, "Children, `3+` for three and more"),
        *LINEAGE,
    ),
    inputs=(bronze.TABLES["customers"],),
    write=Facts(unit=("loyalty_card",), prefer=("arrived_at", "content_hash")),
)


def build(records: DataFrame, *, as_of: date) -> DataFrame:
    """One row per record, with the reasons against it."""
    return parse(records, SOURCE)
