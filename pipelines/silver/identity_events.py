"""One row per event in which somebody made an identifier known: a code confirmed, a shop's Wi-Fi, push, a new card.

Evidence for `silver.identifier_edges`. An event that names a shop is also a visit to it, by whoever its
anchor leads to.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.bronze import records as bronze
from pipelines.lakehouse.expectations import one_of
from pipelines.lakehouse.reasons import Reason
from pipelines.lakehouse.refusal import Objection, refuse_if
from pipelines.lakehouse.table import LINEAGE, Col, Facts, Table
from pipelines.lakehouse.types import DATE, STRING, TIMESTAMP
from pipelines.landing.identity_events import SOURCE
from pipelines.silver import clock
from pipelines.silver.anchor import ANCHOR, MALFORMED, anchored
from pipelines.silver.parse import parse

PHONE_CONFIRMED, WIFI_SIGN_UP, PUSH_ALLOWED, CARD_REISSUED = KINDS = (
    "phone_confirmed",
    "wifi_sign_up",
    "push_allowed",
    "card_reissued",
)
_ASKS = {PHONE_CONFIRMED: "phone", PUSH_ALLOWED: "push_token", CARD_REISSUED: "former_card"}
"""The field without which an event of the kind says nothing."""

TABLE = Table(
    name="silver.identity_events",
    doc=__doc__,
    key=("occurred_on", "event_id"),
    scope=("occurred_on",),
    columns=(
        Col("event_id", STRING, "The sender's id; unique within its day", nullable=False),
        Col("occurred_on", DATE, "Business day", nullable=False),
        Col("occurred_at", TIMESTAMP, "When it happened (UTC)", nullable=False),
        clock.DAYS_LATE,
        Col("kind", STRING, ", ".join(f"`{kind}`" for kind in KINDS), nullable=False),
        Col("store_id", STRING, "The shop where it happened; null: in none"),
        *ANCHOR,
        Col("loyalty_card", STRING, "The card; of a card re-issued the new one; null: none was given"),
        Col("former_card", STRING, "The card that the new one replaces; null for other kinds"),
        Col("login", STRING, "The account signed in; null: nobody was"),
        Col("email", STRING, "Token of the address given; null: none, or not valid"),
        Col("phone", STRING, "Token of the number confirmed or given; null: none, or not valid"),
        *MALFORMED,
        Col("cookie", STRING, "The browser's own id; null: none"),
        Col("push_token", STRING, "Where push messages are taken; null: nowhere"),
        Col("device_id", STRING, "The device, as the Wi-Fi or the app names it; null: not told"),
        *LINEAGE,
    ),
    inputs=(bronze.TABLES["identity_events"],),
    params=(*clock.PARAMS, "identity.anchors"),
    expect=(one_of("kind", KINDS),),
    write=Facts(unit=("occurred_on", "event_id")),
)


def build(
    records: DataFrame, *, as_of: date, time_zone: str, first_day: date, anchors: tuple[str, ...]
) -> DataFrame:
    """One row per record, with the reasons against it."""
    events = clock.dated(
        parse(records, SOURCE), "occurred_on", "occurred_at", time_zone=time_zone, first_day=first_day
    )
    lacking = (
        Objection((F.col("kind") == kind) & F.col(field).isNull(), Reason.MISSING_VALUE, field)
        for kind, field in _ASKS.items()
    )
    return anchored(refuse_if(events, *lacking), anchors)
