"""Identity decisions, as people make them: two identifiers that are one person, or never are."""

from __future__ import annotations

from pipelines.lakehouse.types import STRING
from pipelines.landing.contract import Field, Source

SOURCE = Source(
    name="identity_decisions",
    doc="What somebody decided about two identifiers; a later record about the same two replaces an earlier one. "
    "Written by `tillpost identity`, or by a service desk's own tool. Contacts are named by their tokens.",
    fields=(
        Field(
            "decision",
            STRING,
            "`exclude` (never one person), `include` (one person) or `withdraw` (what was decided no longer holds)",
            required=True,
        ),
        Field(
            "left_type", STRING, "Type of the one identifier, as `conf/identity.yaml` has it", required=True
        ),
        Field("left_value", STRING, "The one identifier, as silver carries it", required=True),
        Field("right_type", STRING, "Type of the other", required=True),
        Field("right_value", STRING, "The other", required=True),
        Field("why", STRING, "In the words of who decided; missing: not told"),
    ),
)
