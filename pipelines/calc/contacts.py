"""Contacts in one written form, so that the same mailbox or telephone is the same text wherever it was typed.

The policy, stated here once:

- An e-mail address is trimmed and lower-cased whole. The standard lets a mailbox tell `Ann` from `ann`; no
  provider of note does, and people type both.
- A phone number becomes E.164 (`+14155552671`); without a country code it belongs to the business's region;
  an extension is dropped. Only numbers that a numbering plan could assign count.

Nothing is asked of the network: whether an address exists is the mail provider's answer to give.
"""

from __future__ import annotations

from typing import Literal

import phonenumbers
from email_validator import EmailNotValidError, validate_email

Kind = Literal["email", "phone"]


def normal_email(text: str) -> str | None:
    """The address in its one written form, or null when it cannot be one.

    >>> normal_email("  Ann.Lee@Example.COM ")
    'ann.lee@example.com'
    """
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return None


def normal_phone(text: str, default_region: str) -> str | None:
    """The number in E.164, or null when it cannot be one.

    Args:
        text: As dictated or typed.
        default_region: Of a number without a country code, such as `US`.

    >>> normal_phone("(415) 555-2671", "US")
    '+14155552671'
    """
    try:
        number = phonenumbers.parse(text, default_region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normal(kind: Kind, text: str, default_region: str) -> str | None:
    """The contact in its one written form, or null when it cannot be one of its kind."""
    return normal_email(text) if kind == "email" else normal_phone(text, default_region)
