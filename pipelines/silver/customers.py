"""One row per loyalty card with a filled form, as its latest record says.

Contacts are tokens; only an export opens the vault.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType

from pipelines.bronze import records as bronze
from pipelines.lakehouse.reasons import Reason
from pipelines.lakehouse.refusal import Objection, refuse_if
from pipelines.lakehouse.table import LINEAGE, Col, Facts, Input, Table
from pipelines.lakehouse.types import BOOLEAN, DATE, STRING
from pipelines.landing.customers import SOURCE
from pipelines.silver import stores as silver_stores
from pipelines.silver.parse import against_items, listed, parse

LISTS = {field.name: field for field in SOURCE.fields if field.many}

TABLE = Table(
    name="silver.customers",
    doc=__doc__,
    key=("loyalty_card",),
    scope=("loyalty_card",),
    columns=(
        Col("loyalty_card", STRING, "The card that the form was filled for", nullable=False),
        Col("joined_on", DATE, "Day the form was signed; missing: not known"),
        Col("store_id", STRING, "The shop where the form was signed; null: on the site, or not told"),
        Col(
            "brand",
            STRING,
            "The group's brand that it is of, told or the shop's; null: the group has one",
        ),
        Col(
            "consents",
            ArrayType(STRING),
            "Channels on which its signer agreed to be written to by that brand; null: not asked, or none",
        ),
        Col("email", STRING, "Token of the email; null: not given, or not valid"),
        Col("email_given", BOOLEAN, "Something was written as email, valid or not", nullable=False),
        Col("phone", STRING, "Token of the phone; null: not given, or not valid"),
        Col("phone_given", BOOLEAN, "Something was written as phone, valid or not", nullable=False),
        Col("gender", STRING, "As the form offers it, such as `female`; null: not given"),
        Col("birth_date", DATE, "Null: not given"),
        Col("age_band", STRING, "Such as `35-44`"),
        Col("income_band", STRING, "Yearly, such as `50-74K`"),
        Col("home_ownership", STRING, "Such as `Homeowner`"),
        Col("marital_status", STRING, "`Married` or `Unmarried`"),
        Col("household_size", STRING, "Persons, `5+` for five and more"),
        Col("household_composition", STRING, "Such as `2 Adults Kids`"),
        Col("kids_count", STRING, "Children, `3+` for three and more"),
        Col("children", ArrayType(DATE), "Birth dates of the children that the form names; null: none"),
        *LINEAGE,
    ),
    inputs=(
        bronze.TABLES["customers"],
        Input(silver_stores.TABLE, whole=True, on=("store_id", "brand")),
    ),
    write=Facts(unit=("loyalty_card",), prefer=("arrived_at", "content_hash")),
)

_CONTACTS = ("email", "phone")


def build(records: DataFrame, stores: DataFrame, *, as_of: date) -> DataFrame:
    """One row per record, with the reasons against it. Nobody on a form is born after it arrived."""
    trading = F.broadcast(stores.select("store_id", F.col("brand").alias("_brand")))  # one row a shop
    forms = (
        parse(records, SOURCE)
        .join(trading, on="store_id", how="left")
        .withColumns(
            {f"{name}_given": F.coalesce(name, f"{name}_malformed").isNotNull() for name in _CONTACTS}
            | {"_last_day": F.date_add(F.to_date("arrived_at"), 1)}  # in any zone
            | {"brand": F.coalesce("brand", "_brand")}
        )
        .drop("_brand")
    )
    forms = refuse_if(forms, *(each for field in LISTS.values() for each in against_items(field)))
    forms = forms.withColumns({name: listed(field) for name, field in LISTS.items()})
    return refuse_if(
        forms,
        Objection(F.col("birth_date") > F.col("_last_day"), Reason.FUTURE, "birth_date"),
        Objection(F.array_max("children") > F.col("_last_day"), Reason.FUTURE, "children.born_on"),
    )
