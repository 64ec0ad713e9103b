"""Whose a record is, by the identifiers that it carries as received.

An identifier is written `type:value`, as `silver.person_identifiers` has it; a contact's value is its token.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from pipelines.landing.contract import PRIVATE, UNREAD, Source
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
"""Types of identifiers that lead to a person, the strongest first."""

SEALED_WHOLE = ("sealed_record", PRIVATE, UNREAD)
"""Fields in whose place a token stands for whatever they held."""

KINDS = {
    **{name: name for name in PERSONAL},
    "former_card": "loyalty_card",
    "order_id": "order",
    "message_id": "message",
    **{name: name for name in SEALED_WHOLE},
}
"""By field, the type of the identifier in it; an order's number and a message's lead to a person, too, and what was
sealed whole may.
"""
_STRONGEST_FIRST = (*PERSONAL, "order", "message")
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


def may_carry(source: Source) -> bool:
    """Whether records of a source can carry an identifier at all; those of goods, shops and prices cannot."""
    names = {field.name for field in source.fields}
    return bool(names & (KINDS.keys() | {value for _, value in _ENDS}))


def without(payload: bytes, hers: Collection[str]) -> bytes | None:
    """A record without a person: what is left of it, its other bytes as they were; null: it is hers.

    It is hers where the strongest of its identifiers is, and where it is a decision about one of them. Of a record of
    somebody else, whose order her phone was given for, her identifiers become null.

    >>> without(b'{"cookie": "k1", "loyalty_card": "7"}', {"cookie:k1"})
    b'{"cookie": null, "loyalty_card": "7"}'
    >>> without(b'{"cookie": "k1", "loyalty_card": "7"}', {"loyalty_card:7"}) is None
    True
    """
    found = identifiers(payload)
    if not found & set(hers):
        return payload
    text, pieces, at = payload.decode("utf-8", "surrogateescape"), [], 0
    fields = list(members(text))
    strongest = min(found, key=lambda node: (_rank(node), node not in hers))
    if strongest in hers or any(value in {name for name, *_ in fields} for _, value in _ENDS):
        return None
    for name, value, start, end in fields:
        if name in KINDS and f"{KINDS[name]}:{_said(value)}" in hers:
            pieces += [text[at:start], "null"]
            at = end
    return "".join([*pieces, text[at:]]).encode("utf-8", "surrogateescape")


def _rank(node: str) -> int:
    kind = node.partition(":")[0]
    return _STRONGEST_FIRST.index(kind) if kind in _STRONGEST_FIRST else len(_STRONGEST_FIRST)


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _values(payload: bytes) -> Iterator[tuple[str, str]]:
    """The top-level fields that are not null, as text; nothing where it is not one JSON object."""
    try:
        found = list(members(payload.decode("utf-8", "surrogateescape")))
    except (ValueError, RecursionError):
        return
    for name, value, _, _ in found:
        if value is not None:
            yield name, _said(value)
