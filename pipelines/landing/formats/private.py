"""Keep contacts out of what travels in clear: of a record of a source that has contacts, move them apart.

Sealing knows a contact by its field's name. A vendor's record may hold one elsewhere: an address in a bounce's
reason, in a page's address, in a field that nobody foresaw. Whatever looks like one goes, with the value it
stands in, into `vendor_private`, which is sealed whole. Better one value too many than one address in bronze.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from pipelines.landing.contract import PRIVATE
from pipelines.landing.formats.reading import Fields

VENDOR = "vendor"
"""Where travels what the canonical record has no place for, by the vendor's own names."""

_ADDRESS = re.compile(
    r"[^\s<>\"'@=&?/;,:|()]{1,64}(?:@|%(?:25)*40)[^\s<>\"'@.]+\.[^\s<>\"'@.]", re.IGNORECASE
)
_PHONE = re.compile(
    r"(?<![\w.])(?:\+|%2B)\d[\d ()-]{8,18}\d"
    r"|(?<![\w.])[78][ (-]{1,2}\d{3}[ )-]{1,2}\d{3}[ -]?\d{2}[ -]?\d{2}(?!\w)"
    r"|(?:phone|tel|mobile|msisdn)=[+%\d]",
    re.IGNORECASE,
)
_HINT = re.compile(r"[@%+=(]|[78][ -]")  # one of which is in whatever either of them finds
_NAME = re.compile(r"(?:^|_)e?-?mail(?:_?address)?$|phone|msisdn|телефон|почт", re.IGNORECASE)


def guarded(record: Mapping[str, Any], contacts: Collection[str]) -> Fields:
    """The record with everything that may hold a contact under `vendor_private`, but for the contact fields.

    Args:
        record: Canonical fields, and perhaps `vendor`.
        contacts: The source's contact fields; empty: the record is given back as it is.
    """
    if not contacts:
        return dict(record)
    own = {name: value for name, value in record.items() if name in contacts}
    clear, private = _split(
        {name: value for name, value in record.items() if name not in own and name != VENDOR}
    )
    vendor, more = _split(record.get(VENDOR, {}))
    found = {name: own.get(name, clear.get(name)) for name in record if name in own or name in clear}
    private |= {VENDOR: more} if more else {}
    return found | ({VENDOR: vendor} if vendor else {}) | ({PRIVATE: private} if private else {})


def may_hold_contact(value: Any) -> bool:
    """Whether a mailbox or a telephone number may stand anywhere in a value.

    >>> may_hold_contact("550 5.1.1 <ann@example.com> unknown"), may_hold_contact("/?e=ann%40example.com")
    (True, True)
    >>> may_hold_contact("call +7 (916) 123-45-67"), may_hold_contact("4601234567890")
    (True, False)
    """
    match value:
        case str():
            return bool(_HINT.search(value)) and bool(_ADDRESS.search(value) or _PHONE.search(value))
        case dict():
            return any(_named(name, inner) or may_hold_contact(inner) for name, inner in value.items())
        case list():
            return any(may_hold_contact(inner) for inner in value)
        case _:
            return False


def _named(name: str, value: Any) -> bool:
    return bool(value) and _is_a_contacts(name)


@lru_cache(maxsize=4096)
def _is_a_contacts(name: str) -> bool:
    return bool(_NAME.search(name)) or may_hold_contact(name)


def _split(fields: Mapping[str, Any]) -> tuple[Fields, Fields]:
    """What may travel in clear, and what may not; objects are taken apart, lists are not."""
    clear: Fields = {}
    private: Fields = {}
    for name, value in fields.items():
        if _named(name, value):
            private[name] = value
        elif isinstance(value, dict):
            open_part, closed = _split(value)
            clear |= {name: open_part} if open_part or not closed else {}
            private |= {name: closed} if closed else {}
        elif may_hold_contact(value):
            private[name] = value
        else:
            clear[name] = value
    return clear, private
