"""A shop, and rows of messages, for the tests of what goes out."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pipelines.publish.assemble import Shop, assembled
from pipelines.publish.messages import Message

DAY = date(2024, 3, 10)
SHOP = Shop(
    name="Tea & Co",
    sender="news@shop.example",
    imprint="Tea & Co, 1 Market Street",
    site="https://shop.example",
    product_page="https://shop.example/p/{product_id}",
    unsubscribe_page="https://shop.example/unsubscribe",
    source="tillpost",
    currency="USD",
)
HOSTILE = (
    "</td></table><script>alert('x')</script><img src=x onerror=alert(1)> {{ 7 * 7 }} "
    '"quoted" --> \r\nBcc: all@example.org'
)


def link_id(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def row(**other: Any) -> dict[str, Any]:
    """One good of a mail to p1, but for what is said otherwise."""
    return {
        "send_key": "a" * 32,
        "as_of": DAY,
        "person_id": "p1",
        "channel": "email",
        "address": "jo@example.org",
        "trigger": "receipt_mail",
        "campaign": "receipt_mail/2024-03-10",
        "send_at": datetime(2024, 3, 11, 9, tzinfo=UTC),
        "block": "related",
        "block_no": 1,
        "slot": 1,
        "product_id": "100",
        "title": "Green Tea, Acme brand, 20 ct",
        "weather": None,
        "price": Decimal("3.49"),
        "old_price": None,
        "url": None,
        "image_url": None,
        "reason": "Goes well with honey.",
        "score": 0.25,
        "model_version": "related/1",
        **other,
    }


def message(**other: Any) -> Message:
    """A message of one good."""
    (found,) = assembled([row(**other)], SHOP, link_id)
    assert isinstance(found, Message)
    return found
