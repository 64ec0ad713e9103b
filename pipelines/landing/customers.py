"""Customers, as the loyalty form gives them."""

from __future__ import annotations

from pipelines.lakehouse.types import DATE, STRING
from pipelines.landing.contract import Field, Source

SOURCE = Source(
    name="customers",
    doc="One filled loyalty form; a later record of the same card replaces an earlier one.",
    fields=(
        Field("loyalty_card", STRING, "The card that the form was filled for", required=True),
        Field("joined_on", DATE, "Day the form was signed; missing: not known"),
        Field("email", STRING, "E-mail address; missing: not given", contact="email"),
        Field("phone", STRING, "Phone number; missing: not given", contact="phone"),
        Field("age_band", STRING, "Such as `35-44`"),
        Field("income_band", STRING, "Yearly, such as `50-74K`"),
        Field("home_ownership", STRING, "Such as `Homeowner`"),
        Field("marital_status", STRING, "`Married` or `Unmarried`"),
        Field("household_size", STRING, "Persons, `5+` for five and more"),
        Field("household_composition", STRING, "Such as `2 Adults Kids`"),
        Field("kids_count", STRING, "Children, `3+` for three and more"),
    ),
)
