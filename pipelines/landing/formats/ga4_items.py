"""The goods of a GA4 event, and an id for the event, which GA4 does not give."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from pipelines.landing.formats.private import VENDOR
from pipelines.landing.formats.reading import Fields
from pipelines.landing.formats.vendor import known, made_id, text

_IDENTITY = ("stream_id", "user_pseudo_id", "event_timestamp", "event_name", "event_bundle_sequence_id")
_BATCH = ("batch_page_id", "batch_ordering_id", "batch_event_index")
_CENT = Decimal("0.01")
_FRACTION = re.compile(r"-?\d+\.\d+")


def event_id(row: Fields) -> str:
    """An id that the same event has in every export of it.

    With the batch fields, which newer exports have, a row is told from any other by visitor, time, name and
    place in its batch, though a later export may fill in its attribution. Without them only the whole row
    tells it from another of the same microsecond.
    """
    if all(row.get(name) is not None for name in _BATCH):
        return made_id(*(row.get(name) for name in (*_IDENTITY, *_BATCH)))
    return made_id(*(row.get(name) for name in _IDENTITY), json.dumps(_as_text(row), sort_keys=True))


def _as_text(value: Any) -> Any:
    """As exports in JSON and in Parquet both have it, which write numbers and what is missing each in its way."""
    if isinstance(value, dict):
        told = {name: _as_text(inner) for name, inner in value.items()}
        return {name: inner for name, inner in told.items() if inner not in (None, [], {})}
    if isinstance(value, list):
        return [_as_text(inner) for inner in value]
    if value is None:
        return None
    written = str(value)
    return written.rstrip("0").rstrip(".") if _FRACTION.fullmatch(written) else written


def lines(items: Sequence[Fields]) -> list[Fields]:
    """The goods of an event; of each, what the contract has no place for travels under its own `vendor`."""
    return [_good(dict(item), quantity=True) for item in items]


def impressions(items: Sequence[Fields]) -> list[Fields]:
    """The goods shown in a list, each with its block and its slot."""
    return [_good(dict(item), quantity=False) for item in items]


def _good(item: Fields, *, quantity: bool) -> Fields:
    price = item.get("price")
    found = known(product_id=text(item.pop("item_id", None)), price=cents(price))
    if found.get("price") == price or price is None:
        item.pop("price", None)
    if quantity:
        found |= known(quantity=text(item.pop("quantity", None)))
    else:
        list_name, list_id = text(item.get("item_list_name")), text(item.get("item_list_id"))
        found |= known(block=list_id or list_name, slot=text(item.pop("item_list_index", None)))
        item.pop("item_list_id" if list_id else "item_list_name", None)
    rest = {name: value for name, value in item.items() if value not in (None, [], {})}
    return found | known(**{VENDOR: rest})


def cents(amount: Any) -> Any:
    """An amount to two decimals; what is no amount is given back, for silver to refuse it.

    >>> cents("9.989999771118164"), cents("9.5"), cents(12), cents("dear")
    ('9.99', '9.5', 12, 'dear')
    """
    try:
        exact = Decimal(amount)
        rounded = exact.quantize(_CENT, ROUND_HALF_EVEN)
    except (InvalidOperation, TypeError, ValueError):
        return amount
    return amount if rounded == exact else str(rounded)
