"""Whose a record is, by the identifiers that it carries as received.

An identifier is written `type:value`, as `silver.person_identifiers` has it; a contact's value is its token.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from pipelines.landing.sealing import members

PERSONAL = (
    "loyalty_card",
    "login",
    "email",
    "phone",
    "payment_token",
    "push_token",
    "device_id",
    "mail_link_id",
    "sms_link_id",
    "cookie",
)
"""Types of identifiers that lead to a person."""

KINDS = {**{name: name for name in PERSONAL}, "former_card": "loyalty_card", "order_id": "order"}
"""By field, the type of the identifier in it; an order's number leads to a person, too."""
_ENDS = (("left_type", "left_value"), ("right_type", "right_value"))


def identifiers(payload: bytes) -> set[str]:
    """Every identifier that a record carries; none in what is not one JSON object.

    >>> sorted(identifiers(b'{"loyalty_card": 7, "former_card": "6", "points": 7}'))
    ['loyalty_card:6', 'loyalty_card:7']
    """
    found = list(_values(payload))
    said = dict(found)
    named = {f"{KINDS[name]}:{value}" for name, value in found if name in KINDS}
    return named | {f"{said[kind]}:{said[value]}" for kind, value in _ENDS if {kind, value} <= said.keys()}


def _values(payload: bytes) -> Iterator[tuple[str, str]]:
    """The top-level fields that are not null, as text; nothing where it is not one JSON object."""
    try:
        found = list(members(payload.decode("utf-8", "surrogateescape")))
    except (ValueError, RecursionError):
        return
    for name, value, _, _ in found:
        if isinstance(value, str):
            yield name, value
        elif value is not None:
            yield name, json.dumps(value)
