"""What leads to a person is told wherever it stands, and what is short only beside a name of its kind."""

from __future__ import annotations

import hashlib

import pyarrow as pa
import pytest

from pipelines.subject.traces import traces
from pipelines.subject.who import Subject

TOKEN = "email:" + 64 * "a"
WHO = Subject(
    ("pe4c0f16457bfa734",),
    frozenset(
        {
            "loyalty_card:C1",
            "cookie:1180",
            f"email:{TOKEN}",
            "device_id:9f3c2a1b77d0e5",
            "login:40017654321098",
        }
    ),
)
WANTED = traces(WHO, ["jo@shop.example", "+12125550123"])


@pytest.mark.parametrize(
    ("text", "told", "in_a_log"),
    [
        ("... JO@shop.example ...", True, True),
        ("call 12125550123.", True, True),
        ("id 912125550123", False, False),
        (hashlib.sha256(b"jo@shop.example").hexdigest(), True, True),
        (TOKEN[:32], True, True),  # as Delta cuts what it notes of a column
        ("x9F3C2A1B77D0E5y", True, True),
        ("40017654321098", True, True),
        ("140017654321098", False, False),
        ('{"loyalty_card": "C1", "n": 1}', True, True),
        ('{\\"former_card\\":\\"C1\\"}', True, True),
        ('{"loyalty_card": "C12"}', False, False),
        ('{"store_id": "C1"}', False, False),
        ('{"cookie": 1180}', True, True),
        ('{"amount": 1180, "anchor": "1180"}', False, False),
        ('{\\"anchor_value\\":\\"1180\\"}', False, True),
        ("(anchor_type = 'cookie' AND anchor_value IN ('7', '1180'))", False, True),
        ("amount IN ('1180')", False, False),
    ],
)
def test_in_bytes(text: str, told: bool, in_a_log: bool) -> None:
    assert (WANTED.in_bytes(text.encode()), WANTED.in_bytes(text.encode(), log=True)) == (told, in_a_log)


def test_in_columns() -> None:
    """A pair of type and value is told where both are hers; a record by what it carries."""
    batch = pa.record_batch(
        {
            "anchor_type": ["cookie", "order", "cookie", None, None, None, None],
            "anchor_value": ["1180", "1180", "7", None, None, None, None],
            "loyalty_card": [None, None, "C1", "C12", None, None, None],
            "payload": [
                None,
                None,
                None,
                b'{"loyalty_card": "C9"}',
                b'{"cookie": "1180"}',
                b'{"x": "1180"}',
                b"\xff",
            ],
            "items": pa.array([None, None, None, None, None, None, [{"to": "jo@shop.example"}]]),
            "kind": pa.array(["a"] * 7).dictionary_encode(),
        }
    )
    assert WANTED.in_batch(batch).to_pylist() == [True, False, True, False, True, False, True]


def test_more_words() -> None:
    assert not WANTED.in_bytes(b"0123456789abcdef")
    assert WANTED.with_words(["0123456789abcdef"]).in_bytes(b"0123456789abcdef")
