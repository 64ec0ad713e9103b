"""Contacts leave a record, and nothing else of it changes."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.lakehouse.vault import open_sealed
from pipelines.lakehouse.vault_key import KeyRef, ensure_key
from pipelines.landing import engagement, products
from pipelines.landing.contract import PRIVATE, UNREAD
from pipelines.landing.sealing import Sealing

PLAIN = b'{"loyalty_card": "1"}'
PIECES = [
    PLAIN,
    b'{"EMAIL": "a@b.example"}',
    b'{"e\\u006dail": "a@b.example"}',
    b'{"phone": "415 555 2671", "n": 1}',
    b'"email": "a@b.example"}',
    b'{"ema',
    b'il": 1}',
    b"x",
]


@pytest.fixture(scope="module")
def sealing(tmp_path_factory: pytest.TempPathFactory) -> Sealing:
    key: KeyRef = ensure_key(f"{tmp_path_factory.mktemp('keys')}/vault.json", allow_generated=True)
    return Sealing({"email": "email", "phone": "phone"}, key, "US")


def opened(sealing: Sealing, record: bytes) -> tuple[bytes, dict[str, str]]:
    """The record as it lands, and what each token in it stands for."""
    payload, rows = sealing.apply(record)
    return payload, {row.token: open_sealed(sealing.key, row) for row in rows}


def test_a_token_stands_in_its_place(sealing: Sealing) -> None:
    record = b'{ "n": 1.50, "email":" Ann@Example.com" ,"phone": "(415) 555-2671"}'
    payload, contacts = opened(sealing, record)
    email, phone = contacts
    assert contacts == {email: "ann@example.com", phone: "+14155552671"}
    assert payload == f'{{ "n": 1.50, "email":"{email}" ,"phone": "{phone}"}}'.encode()


@pytest.mark.parametrize(
    "record",
    [
        b'{"loyalty_card": "1"}',
        b'{"email": null, "n": 1e400, "m": 0.10, "z": 100000000000000000000000}',
        b'{"note": "has no email", "phones": []}',
        b" {}\t",
        b'{"a": "\\u00e9 \\ud800", "b": "\xff"}',
    ],
)
def test_a_record_without_contacts_is_as_received(sealing: Sealing, record: bytes) -> None:
    assert sealing.apply(record) == (record, [])


@pytest.mark.parametrize(
    ("value", "raw"),
    [
        ('"none of yours"', "none of yours"),
        ('"415"', "415"),
        ("true", "true"),
        ('["+14155552671"]', '["+14155552671"]'),
        ('{"home": "+14155552671"}', '{"home": "+14155552671"}'),
    ],
)
def test_what_is_no_contact_is_sealed_as_received(sealing: Sealing, value: str, raw: str) -> None:
    payload, contacts = opened(sealing, f'{{"phone": {value}}}'.encode())
    [(token, content)] = contacts.items()
    assert json.loads(payload) == {"phone": f"invalid:{token}"}
    assert content == raw


def test_a_number_is_a_phone_too(sealing: Sealing) -> None:
    payload, contacts = opened(sealing, b'{"phone": 14155552671}')
    assert list(contacts.values()) == ["+14155552671"]
    assert list(contacts) == [json.loads(payload)["phone"]]


@pytest.mark.parametrize("blank", [b'""', b'"  "', b"null"])
def test_a_blank_is_no_contact(sealing: Sealing, blank: bytes) -> None:
    assert sealing.apply(b'{"email": ' + blank + b"}") == (b'{"email": null}', [])


@pytest.mark.parametrize(
    "record",
    [
        b'{"email": "ann@example.com", "email": "ann@example.com"}',
        b'{"\\u0065mail": "ann@example.com"}',
        b'{"EMail": "ann@example.com"}',
        b'{"email": "ann\\u0040example.com"}',
        b'{"email": "ann@example.com", "x": "\xff"}',
        b'{"email": "ann@example.com\xff"}',
    ],
)
def test_however_it_is_written(sealing: Sealing, record: bytes) -> None:
    payload, contacts = opened(sealing, record)
    assert contacts
    assert b"example.com" not in payload
    assert b"sealed_record" not in payload


@pytest.mark.parametrize(
    "record",
    [
        b'{"loyalty_card": "1", "email": "ann@exa',
        b'mple.com"}',
        b"ann@example.com",
        b"{ann@example.com}",
        b'{"email": "ann@example.com"} {"email": "bob@example.com"}',
        b'[{"email": "ann@example.com"}]',
        b'"ann@example.com"',
        b"{'email': 'ann@example.com'}",
        b'{1: "email"}',
        b'\xef\xbb\xbf{"email": "ann@example.com"}',
        b'{"email":' + b"[" * 100_000 + b"}",
        b'{"email": "ann\\ud800@example.com"}',
    ],
)
def test_what_is_no_object_is_sealed_whole(sealing: Sealing, record: bytes) -> None:
    payload, rows = sealing.apply(record)
    [row] = rows
    assert json.loads(payload) == {"sealed_record": row.token}
    assert row.kind == "record"
    assert open_sealed(sealing.key, row).encode("utf-8", "surrogateescape") == record


@pytest.mark.parametrize(
    ("value", "raw"),
    [
        ('"{torn: ann@example.com"', "{torn: ann@example.com"),
        ('{"note": ["ann@example.com"]}', '{"note": ["ann@example.com"]}'),
        ('""', ""),
    ],
)
def test_a_vendors_own_fields_are_sealed_whole(sealing: Sealing, value: str, raw: str) -> None:
    every = Sealing(engagement.SOURCE.contacts, sealing.key, "US")
    for name in (PRIVATE, UNREAD):
        payload, contacts = opened(every, f'{{"n": 1.50, "{name}": {value}}}'.encode())
        [(token, content)] = contacts.items()
        assert payload == f'{{"n": 1.50, "{name}": "{token}"}}'.encode()
        assert (token.split(":")[0], content) == ("record", raw)


def test_a_source_without_contacts_seals_nothing() -> None:
    assert products.SOURCE.contacts == {}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


objects = st.dictionaries(st.text(max_size=5), json_values, max_size=4)


@given(objects, st.emails(), st.booleans(), st.booleans())
def test_only_the_contact_changes(
    sealing: Sealing, others: dict[str, object], email: str, ascii_only: bool, last: bool
) -> None:
    members = {**others, "email": email} if last else {"email": email, **others}
    record = json.dumps(members, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    payload, [row] = sealing.apply(record)
    assert json.loads(payload)["email"].removeprefix("invalid:") == row.token
    quoted = json.dumps(json.loads(payload)["email"]).encode()
    assert payload.replace(quoted, json.dumps(email).encode()) == record


@given(st.binary(max_size=30), st.binary(max_size=30), st.integers(0, 80))
def test_a_contact_never_lands(sealing: Sealing, before: bytes, after: bytes, cut: int) -> None:
    """Whatever surrounds a contact and wherever the record is torn, the address is in neither piece."""
    contact = b"ann.lee@example.com"
    record = b'{"a":"' + before + b'","email":"' + contact + b'","b":"' + after + b'"}'
    for piece in (record, record[:cut], record[cut:]):
        payload, rows = sealing.apply(piece)
        assert contact not in payload
        assert payload == piece or rows


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=12), st.integers(0, 3))
def test_only_what_is_doubtful_needs_a_look(sealing: Sealing, pieces: list[bytes], skipped: int) -> None:
    """Every record that `apply` would change is named, wherever it lies in its batch."""
    records = pa.array([b"{}"] * skipped + pieces, pa.binary()).slice(skipped)
    changed = [place for place, piece in enumerate(pieces) if sealing.apply(piece) != (piece, [])]
    plain = [place for place, piece in enumerate(pieces) if piece == PLAIN]
    assert set(changed) <= set(sealing.doubtful(records)) <= set(range(len(pieces))) - set(plain)
