"""Twilio SendGrid's Event Webhook → `engagement`.

The webhook posts arrays of events (https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event).
A file holds one array, one posted body a line, or one event a line.

| SendGrid | `engagement` |
|---|---|
| `sg_event_id` | `event_id` |
| `event` | `kind`: processed is `sent`, open `opened`, click `clicked`, bounce `bounced`, or `blocked` where its `type` says so, spamreport `complained`, unsubscribe and group_unsubscribe `unsubscribed`, group_resubscribe `resubscribed`; `delivered`, `deferred` and `dropped` keep their names, and so does an event that nobody foresaw |
| `timestamp`, in seconds | `occurred_at` |
| `email` | `email`, sealed at ingest |
| `sg_message_id` | `message_id` |
| `url` | `link` |
| `sg_machine_open` | `machine` |
| `loyalty_card`, a unique argument set when the mail was sent | `loyalty_card` |
| `campaign_id`, a unique argument; else `marketing_campaign_id` or `singlesend_id` | `campaign_id` |
| `mail_link_id`, `product_id`, `block`, `order_id`, `receipt_id`, unique arguments | the fields of that name |

SendGrid stops writing to an address that bounced, not to one that blocked a mail
(https://www.twilio.com/docs/sendgrid/api-reference/blocks-api). Of a dropped mail it never tried the delivery: the
`reason`, under `vendor`, says whether the address had bounced, complained or unsubscribed before. Which group was left
or joined again is `asm_group_id` there.

Unique arguments come among an event's own fields, or under `unique_args`. The rest travels under `vendor`.
"""  # noqa: E501 - a row of a table

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipelines.landing.formats.json_files import json_records
from pipelines.landing.formats.private import VENDOR
from pipelines.landing.formats.reading import Fields, Unread
from pipelines.landing.formats.vendor import Format, Item, Reading, Record, Refused, instant, known, text

SOURCE = "engagement"

KINDS = {
    "processed": "sent",
    "open": "opened",
    "click": "clicked",
    "bounce": "bounced",
    "spamreport": "complained",
    "unsubscribe": "unsubscribed",
    "group_unsubscribe": "unsubscribed",
    "group_resubscribe": "resubscribed",
}
_ARGUMENTS = ("mail_link_id", "product_id", "block", "order_id", "receipt_id")
_CAMPAIGNS = ("campaign_id", "marketing_campaign_id", "singlesend_id")


def convert(files: Sequence[Path], reading: Reading) -> Iterator[Item]:
    """One record an event."""
    for file in files:
        for event in reading.each(json_records(file)):
            yield Refused(SOURCE, event) if isinstance(event, Unread) else Record(SOURCE, engagement(event))


def engagement(event: Fields) -> Fields:
    """One event as a canonical record."""
    rest = dict(event)
    arguments = rest.get("unique_args")
    more: Fields = dict(arguments) if isinstance(arguments, dict) else {}

    def take(*names: str) -> Any:
        """The first of these fields that has a scalar; it no longer travels under `vendor`."""
        for fields in (rest, more):
            for name in names:
                if text(fields.get(name)) is not None:
                    return fields.pop(name)
        return None

    kind, machine = take("event"), take("sg_machine_open")
    found = known(
        event_id=text(take("sg_event_id")),
        kind="blocked" if (kind, rest.get("type")) == ("bounce", "blocked") else KINDS.get(str(kind), kind),
        occurred_at=instant(take("timestamp"), 1),
        loyalty_card=text(take("loyalty_card")),
        campaign_id=text(take(*_CAMPAIGNS)),
        channel="email",
        email=take("email"),
        message_id=text(take("sg_message_id")),
        link=text(take("url")),
        **{name: text(take(name)) for name in _ARGUMENTS},
        machine=str(machine).lower() if machine is not None else None,
    )
    if isinstance(arguments, dict):
        rest["unique_args"] = more
    if found.get("kind") == "unsubscribed":  # two events have this kind: the vendor's word tells them apart
        rest["event"] = kind
    return found | known(**{VENDOR: {name: value for name, value in rest.items() if value not in ({}, None)}})


FORMAT = Format(
    name="sendgrid",
    says="Twilio SendGrid's Event Webhook",
    maps="each event is one of `engagement`; the address is sealed, a machine's open is marked",
    sources=(SOURCE,),
    suffixes=(".json", ".jsonl", ".ndjson"),
    convert=convert,
)
