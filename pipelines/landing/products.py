"""Products, as the catalogue sends them: one record a good, the latest word counts."""

from __future__ import annotations

from pipelines.lakehouse.types import DATE, DEGREES, INT, QUANTITY, STRING
from pipelines.landing.contract import Field, Source

SOURCE = Source(
    name="products",
    doc="One good of the catalogue as it stands when it is sent; a later record replaces an earlier one.",
    fields=(
        Field("product_id", STRING, "The good", required=True),
        Field("title", STRING, "What a customer reads; missing: the type is shown"),
        Field("department", STRING, "First level of the category path"),
        Field("category", STRING, "Second level of the category path"),
        Field("product_type", STRING, "Third level of the category path"),
        Field("brand", STRING, "The brand"),
        Field("manufacturer_id", STRING, "Who makes it"),
        Field("package_size", STRING, "As printed, such as `16 OZ`"),
        Field("pack_quantity", QUANTITY, "Pieces in one pack; missing: not told"),
        Field(
            "size_label", STRING, "Size or step of a good that a person grows out of, such as `4` or `128`"
        ),
        Field("age_from_months", INT, "Youngest age it is for; missing: for any"),
        Field("age_to_months", INT, "Oldest age it is for; missing: for any"),
        Field(
            "suits_from_degrees",
            DEGREES,
            "Least mean of a day, in degrees Celsius, that it is for; missing: any",
        ),
        Field("suits_to_degrees", DEGREES, "Highest such mean; missing: any"),
        Field("image_url", STRING, "Address of its picture; missing: none"),
        Field("first_seen_on", DATE, "Day it came into the catalogue; missing: not known"),
    ),
)
