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
        Field("store_id", STRING, "The shop where the form was signed; missing: on the site, or not told"),
        Field("brand", STRING, "The group's brand that the form is of; missing: the shop's"),
        Field(
            "consents",
            STRING,
            "Where its signer agreed to be written to by that brand; missing: not asked, or nowhere",
            many=(Field("channel", STRING, "`email`, `sms` or `push`", required=True),),
        ),
        Field("email", STRING, "E-mail address; missing: not given", contact="email"),
        Field("phone", STRING, "Phone number; missing: not given", contact="phone"),
        Field("gender", STRING, "As the form offers it, such as `female`; missing: not given"),
        Field("birth_date", DATE, "Missing: not given"),
        Field("age_band", STRING, "Such as `35-44`"),
        Field("income_band", STRING, "Yearly, such as `50-74K`"),
        Field("home_ownership", STRING, "Such as `Homeowner`"),
        Field("marital_status", STRING, "`Married` or `Unmarried`"),
        Field("household_size", STRING, "Persons, `5+` for five and more"),
        Field("household_composition", STRING, "Such as `2 Adults Kids`"),
        Field("kids_count", STRING, "Children, `3+` for three and more"),
        Field(
            "children",
            STRING,
            "The children that the form names; missing: not asked, or none named",
            many=(Field("born_on", DATE, "The child's birth date", required=True),),
        ),
    ),
)
