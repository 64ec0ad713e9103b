"""Identity events, as the shop's site, app, tills and Wi-Fi report them: somebody made an identifier known."""

from __future__ import annotations

from pipelines.lakehouse.types import STRING, TIMESTAMP
from pipelines.landing.contract import Field, Source

SOURCE = Source(
    name="identity_events",
    doc="One event in which a person made an identifier known that belongs to no purchase, page or message.",
    fields=(
        Field("event_id", STRING, "The sender's id of the event; unique within its day", required=True),
        Field(
            "kind",
            STRING,
            "`phone_confirmed` (the code sent to the number was typed in, at a till, on the site or in the app), "
            "`wifi_sign_up` (to a shop's Wi-Fi), `push_allowed` (an app or a browser takes push messages) or "
            "`card_reissued` (a new card in the place of another)",
            required=True,
        ),
        Field("occurred_at", TIMESTAMP, "When it happened, ISO 8601 with offset", required=True),
        Field("store_id", STRING, "The shop where it happened; missing: in none"),
        Field("loyalty_card", STRING, "The card; of `card_reissued` the new one; missing: none was given"),
        Field(
            "former_card", STRING, "Of `card_reissued`: the card that it replaces; missing for other kinds"
        ),
        Field("login", STRING, "The account signed in, never an address; missing: nobody was"),
        Field("email", STRING, "Address given; missing: none", contact="email"),
        Field("phone", STRING, "Number confirmed or given; missing: none", contact="phone"),
        Field("cookie", STRING, "The browser's own id; missing: none, or no consent was given"),
        Field("push_token", STRING, "Where push messages are taken; missing: nowhere"),
        Field("device_id", STRING, "The device, as the Wi-Fi or the app names it; missing: not told"),
    ),
)
