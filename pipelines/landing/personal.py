"""Whose a record is, by the identifiers that it carries as received, and what it is without them.

An identifier is written `type:value`, as `silver.person_identifiers` has it; a contact's value is its token.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator

from pipelines.landing import orders, receipts
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
"""Types of identifiers that lead to a person."""

DOCUMENT = "order"
"""The type of an order's number: it leads to a person, and is the shop's own number of a document."""

_FIELDS = {**{name: name for name in PERSONAL}, "former_card": "loyalty_card", "order_id": DOCUMENT}
_ENDS = (("left_type", "left_value"), ("right_type", "right_value"))
_SALES = {source.name: source for source in (receipts.SOURCE, orders.SOURCE)}


def may_carry(source: Source) -> bool:
    """Whether the records of a source can lead to a person at all."""
    names = {field.name for field in source.fields}
    return not names.isdisjoint(PERSONAL) or names.issuperset(_ENDS[0])


def identifiers(payload: bytes) -> set[str]:
    """Every identifier that a record carries; none in what is not one JSON object.

    >>> sorted(identifiers(b'{"loyalty_card": 7, "former_card": "6", "points": 7}'))
    ['loyalty_card:6', 'loyalty_card:7']
    """
    return {node for node, _, _ in _places(payload)}


def without(source: str, payload: bytes, hers: Collection[str]) -> bytes | None:
    """A record without a person: null where nothing of it stays; as it is where it carries none of her identifiers.

    - A sale (a receipt, an order) stays, since the shop's turnover does: without her identifiers and, where nobody
      else's are left, without every field that no contract names and what of a vendor's record is sealed.
    - Any other record stays without her identifiers where it carries somebody else's, too; else it goes.
    - What somebody decided about one of her identifiers goes.

    The order's number stays on a sale; on anything else it leads to her.

    Args:
        source: Whose record it is.
        payload: The record as bronze holds it.
        hers: Identifiers.
    """
    sale = _SALES.get(source)
    carried = [place for place in _places(payload) if sale is None or not place[0].startswith(f"{DOCUMENT}:")]
    cut = {name for node, name, _ in carried if node in hers}
    if not cut:
        return payload
    others = {node for node, name, _ in carried if name not in cut and not node.startswith(f"{DOCUMENT}:")}
    if sale is None:
        ends = any(name in ("left_value", "right_value") for name in cut)
        return None if ends or not others else _cut(payload, cut)
    if others:
        return _cut(payload, cut)
    contracted = {field.name for field in sale.fields}
    beyond = {name for name, _ in _values(payload) if name not in contracted}
    return _cut(payload, cut | beyond | {PRIVATE, UNREAD})


def _places(payload: bytes) -> Iterator[tuple[str, str, str]]:
    """Each identifier, the field it stands in, and its value."""
    found = list(_values(payload))
    said = dict(found)
    for name, value in found:
        kind = _FIELDS.get(name)
        if kind:
            yield f"{kind}:{value}", name, value
    for kind_field, value_field in _ENDS:
        if kind_field in said and value_field in said:
            yield f"{said[kind_field]}:{said[value_field]}", value_field, said[value_field]


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


def _cut(payload: bytes, names: Collection[str]) -> bytes:
    """The record with null in these fields; every other byte as it was."""
    text, pieces, at = payload.decode("utf-8", "surrogateescape"), [], 0
    for name, _, start, end in members(text):
        if name in names:
            pieces += [text[at:start], "null"]
            at = end
    return "".join([*pieces, text[at:]]).encode("utf-8", "surrogateescape")
