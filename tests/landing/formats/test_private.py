"""What may hold a contact travels sealed, and everything travels."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.landing import engagement
from pipelines.landing.contract import PRIVATE
from pipelines.landing.formats.private import guarded, may_hold_contact

CONTACTS = frozenset(engagement.SOURCE.contacts)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.emails(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["kind", "link", "email", "vendor_x"]), values),
    st.dictionaries(st.text(), values),
)
def test_nothing_is_lost_and_nothing_is_in_clear(record: dict[str, Any], vendor: dict[str, Any]) -> None:
    found = guarded(record | {"vendor": vendor}, CONTACTS)
    assert not may_hold_contact({k: v for k, v in found.items() if k not in CONTACTS})
    private = found.pop(PRIVATE, {})
    assert merged(found.pop("vendor", {}), private.pop("vendor", {})) == vendor
    assert merged(found, private) == record


def merged(clear: dict[str, Any], private: dict[str, Any]) -> dict[str, Any]:
    both = dict(clear)
    for name, value in private.items():
        both[name] = merged(clear[name], value) if name in clear else value
    return both


@pytest.mark.parametrize(
    "value",
    [
        "ann@example.com",
        "Ann <ann.lee+x@mail.example.co.uk>",
        "?e=ann%40example.com",
        "?e=ann%2540example.com",
        "почта@пример.рф",
        "+14155552671",
        "8 (916) 123-45-67",
        "?phone=79161234567",
        {"phone_number": "79161234567"},
        {"user_email": "x"},
        {"АдресЭлектроннойПочты": "x"},
        ["a", {"b": ["ann@example.com"]}],
        {"ann@example.com": 1},
    ],
)
def test_what_looks_like_a_contact(value: Any) -> None:
    assert may_hold_contact(value)


@pytest.mark.parametrize(
    "value",
    [
        "<14c5d75ce93.dfd.64b469@ismtpd-555>",
        "2024-03-01T10:00:00+03:00",
        "1709287200123456",
        "4601234567890",
        "https://shop.example/milk?utm_source=mail&utm_medium=email",
        {"phone": None},
        {"mail_link_id": "9f2a"},
        "3 @ 1.20",
        "",
        0,
        None,
    ],
)
def test_what_does_not(value: Any) -> None:
    assert not may_hold_contact(value)


def test_a_source_without_contacts_is_left_alone() -> None:
    record = {"title": "ann@example.com"}
    assert guarded(record, frozenset()) == record
