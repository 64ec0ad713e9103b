"""Assignments, as whoever draws the arms of a mailing or a test reports them: who is in which, left out or not."""

from __future__ import annotations

from pipelines.lakehouse.types import DOUBLE, STRING, TIMESTAMP
from pipelines.landing.contract import Field, Source

SOURCE = Source(
    name="assignments",
    doc="One message planned for one person, or one person drawn into a test, with the arm. People who are left out "
    "are assigned too, with the time at which their message would have gone: they are what an effect is measured "
    "against.",
    fields=(
        Field("assignment_id", STRING, "The sender's id; unique within its day", required=True),
        Field("experiment_id", STRING, "The mailing, programme or test", required=True),
        Field("arm", STRING, "The arm, such as `mailed` or `holdout`", required=True),
        Field(
            "assigned_at",
            TIMESTAMP,
            "When the message went, or would have gone; of a test, when the person came in; ISO 8601 with offset",
            required=True,
        ),
        Field("is_control", STRING, "`true`: the arm that others are compared with; missing: it is not"),
        Field("by_lot", STRING, "`false`: people were chosen, not drawn by lot; missing: they were drawn"),
        Field("share", DOUBLE, "Share of people meant for the arm; missing: as large as the others"),
        Field(
            "campaign_id",
            STRING,
            "The campaign whose messages it is about; missing: none, or the message tells",
        ),
        Field("message_id", STRING, "The one message, as `engagement` names it; missing: none, or not told"),
        Field("loyalty_card", STRING, "The person's card; missing: another identifier tells"),
        Field("login", STRING, "The person's account, never an address; missing: not told"),
        Field("email", STRING, "The person's address; missing: not told", contact="email"),
        Field("phone", STRING, "The person's number; missing: not told", contact="phone"),
        Field("cookie", STRING, "The visitor's browser; missing: not told"),
    ),
)
