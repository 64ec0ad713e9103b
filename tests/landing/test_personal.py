"""Whose a record is, and what stays of it without her: examples to check by hand, and laws over any record."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.landing.personal import PERSONAL, identifiers, may_carry, without
from pipelines.landing.sources import SOURCES

HERS = {"loyalty_card:C1", "email:email:ab", "cookie:k1", "order:W17"}


@pytest.mark.parametrize(
    ("source", "record", "left"),
    [
        ("receipts", '{"a": 1, "loyalty_card": "C1", "x": 1}', '{"a": null, "loyalty_card": null, "x": null}'),
        ("receipts", '{"receipt_no": "1", "order_id": "W17"}', '{"receipt_no": "1", "order_id": "W17"}'),
        ("orders", '{"login": "bo", "email": "email:ab", "x": 1}', '{"login": "bo", "email": null, "x": 1}'),
        ("orders", '{"order_id": "W17", "cookie": "k1"}', '{"order_id": "W17", "cookie": null}'),
        ("web_events", '{"cookie": "k1", "kind": "cart"}', None),
        ("web_events", '{"cookie": "k2", "order_id": "W17"}', '{"cookie": "k2", "order_id": null}'),
        ("engagement", '{"order_id": "W17", "stars": 5}', None),
        ("customers", '{"loyalty_card": "C2", "email": "email:ab"}', '{"loyalty_card": "C2", "email": null}'),
        ("identity_events", '{"former_card": "C1", "login": "bo"}', '{"former_card": null, "login": "bo"}'),
        (
            "identity_decisions",
            '{"left_type": "cookie", "left_value": "k1", "right_type": "login", "right_value": "a"}',
            None,
        ),
        ("web_events", '{"cookie": "k2"}', '{"cookie": "k2"}'),
        ("web_events", '{"cookie": "k1"', '{"cookie": "k1"'),
        ("customers", '{"sealed_record": "record:ab"}', '{"sealed_record": "record:ab"}'),
    ],
)  # fmt: skip
def test_what_stays_of_a_record(source: str, record: str, left: str | None) -> None:
    assert without(source, record.encode(), HERS) == (None if left is None else left.encode())


@given(
    st.sampled_from([source.name for source in SOURCES if may_carry(source)]),
    st.dictionaries(
        st.sampled_from([*PERSONAL, "kind", "x"]), st.sampled_from(["C1", "k1", "email:ab", "o"])
    ),
)
def test_she_is_gone_and_who_else_is_there_stays(source: str, record: dict[str, str]) -> None:
    payload = json.dumps(record).encode()
    left = without(source, payload, HERS)
    before = identifiers(payload)
    if left is not None:
        assert identifiers(left) == before - HERS
        assert without(source, left, HERS) == left
    else:
        assert not before - HERS
        assert before & HERS


def test_sources_of_persons_are_told_from_reference_feeds() -> None:
    assert {source.name for source in SOURCES if may_carry(source)} == {
        *("receipts", "customers", "engagement", "web_events", "orders", "locations"),
        *("identity_decisions", "identity_events", "assignments"),
    }
