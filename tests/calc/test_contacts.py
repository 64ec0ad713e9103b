"""The one written form of a contact."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.calc.contacts import normal, normal_email, normal_phone


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ann@example.com", "ann@example.com"),
        ("  Ann.Lee+Shop@Example.COM\t", "ann.lee+shop@example.com"),
        ("ann@BÜCHER.example.org", "ann@bücher.example.org"),
        ("ann@xn--bcher-kva.example.org", "ann@bücher.example.org"),
        ("ann", None),
        ("ann@", None),
        ("ann@example", None),
        ("ann@@example.com", None),
        ("Ann Lee <ann@example.com>", None),
        ("", None),
    ],
)
def test_email(text: str, expected: str | None) -> None:
    assert normal_email(text) == expected


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("(415) 555-2671", "US", "+14155552671"),
        ("+1 415 555 2671", "DE", "+14155552671"),
        ("1-415-555-2671 ext. 12", "US", "+14155552671"),
        ("8 (495) 123-45-67", "RU", "+74951234567"),
        ("415 555", "US", None),
        ("+1 000 000 0000", "US", None),
        ("none", "US", None),
        ("", "US", None),
        ("9" * 300, "US", None),
    ],
)
def test_phone(text: str, region: str, expected: str | None) -> None:
    assert normal_phone(text, region) == expected


@given(st.emails())
@settings(max_examples=25)
def test_the_normal_form_is_its_own(text: str) -> None:
    once = normal("email", text, "US")
    assert once is None or normal("email", once.upper(), "US") == once


@given(st.integers(2_000_000_000, 9_999_999_999))
def test_the_normal_form_of_a_number_is_its_own(number: int) -> None:
    once = normal("phone", str(number), "US")
    assert once is None or normal("phone", once, "DE") == once
