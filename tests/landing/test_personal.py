"""Whose a record is: examples to check by hand."""

from __future__ import annotations

import pytest

from pipelines.landing.personal import identifiers


@pytest.mark.parametrize(
    ("record", "found"),
    [
        ('{"a": 1, "loyalty_card": "C1", "x": 1}', {"loyalty_card:C1"}),
        ('{"receipt_no": "1", "order_id": "W17"}', {"order:W17"}),
        ('{"login": "bo", "email": "email:ab", "cookie": null}', {"login:bo", "email:email:ab"}),
        ('{"former_card": "C1", "login": "bo"}', {"loyalty_card:C1", "login:bo"}),
        (
            '{"left_type": "cookie", "left_value": "k1", "right_type": "login", "right_value": "a"}',
            {"cookie:k1", "login:a"},
        ),
        ('{"cookie": "k1"', set()),
        ('["loyalty_card"]', set()),
    ],
)  # fmt: skip
def test_a_record_is_whose_identifiers_it_carries(record: str, found: set[str]) -> None:
    assert identifiers(record.encode()) == found
