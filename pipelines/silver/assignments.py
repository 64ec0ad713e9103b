"""One row per message planned for a person, or person drawn into a test, with the arm: also of those left out.

An assignment says what was meant, whatever was sent afterwards. Comparing arms as they were meant (intention to treat)
is what keeps people comparable; `silver.engagement` says what reached whom.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.bronze import records as bronze
from pipelines.lakehouse.expectations import at_least, at_most
from pipelines.lakehouse.reasons import Reason
from pipelines.lakehouse.refusal import Objection, refuse_if
from pipelines.lakehouse.table import LINEAGE, Col, Facts, Table
from pipelines.lakehouse.types import BOOLEAN, DATE, DOUBLE, STRING, TIMESTAMP
from pipelines.landing.assignments import SOURCE
from pipelines.silver import clock
from pipelines.silver.anchor import ANCHOR, anchored
from pipelines.silver.parse import PARSED, parse

_WHOM = ("loyalty_card", "login", "email", "phone", "cookie")

TABLE = Table(
    name="silver.assignments",
    doc=__doc__,
    key=("assigned_on", "assignment_id"),
    scope=("assigned_on",),
    columns=(
        Col("assignment_id", STRING, "The sender's id; unique within its day", nullable=False),
        Col("assigned_on", DATE, "Business day", nullable=False),
        Col("assigned_at", TIMESTAMP, "When the message went, or would have gone (UTC)", nullable=False),
        clock.DAYS_LATE,
        *ANCHOR,
        Col("experiment_id", STRING, "The mailing, programme or test", nullable=False),
        Col("arm", STRING, "The arm", nullable=False),
        Col("is_control", BOOLEAN, "It is the arm that others are compared with", nullable=False),
        Col("by_lot", BOOLEAN, "People were drawn by lot; false: they were chosen", nullable=False),
        Col("share", DOUBLE, "Share of people meant for the arm; null: as large as the others"),
        Col("campaign_id", STRING, "The campaign whose messages it is about; null: none, or not told"),
        Col("message_id", STRING, "The one message; null: none, or not told"),
        Col("loyalty_card", STRING, "The person's card; null: not told"),
        Col("login", STRING, "The person's account; null: not told"),
        Col("email", STRING, "Token of the person's address; null: not told, or not valid"),
        Col("phone", STRING, "Token of the person's number; null: not told, or not valid"),
        Col("cookie", STRING, "The visitor's browser; null: not told"),
        *LINEAGE,
    ),
    inputs=(bronze.TABLES["assignments"],),
    params=(*clock.PARAMS, "identity.anchors"),
    expect=(at_least("share", 0), at_most("share", 1)),
    write=Facts(unit=("assigned_on", "assignment_id")),
)


def build(
    records: DataFrame, *, as_of: date, time_zone: str, first_day: date, anchors: tuple[str, ...]
) -> DataFrame:
    """One row per record, with the reasons against it."""
    parsed = parse(records, SOURCE).withColumns(
        {
            "is_control": F.coalesce(F.lower("is_control").try_cast(BOOLEAN), F.lit(False)),
            "by_lot": F.coalesce(F.lower("by_lot").try_cast(BOOLEAN), F.lit(True)),
        }
    )
    drawn = clock.dated(parsed, "assigned_on", "assigned_at", time_zone=time_zone, first_day=first_day)
    nobody = F.coalesce(*_WHOM).isNull() & F.col(PARSED)
    return anchored(refuse_if(drawn, Objection(nobody, Reason.NOBODY, "loyalty_card")), anchors)
