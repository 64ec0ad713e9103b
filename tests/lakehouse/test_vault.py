"""The vault: one key, kept close; tokens that agree; contacts that open only with both."""

from __future__ import annotations

import base64
import json
import os
import pickle
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import Row

from pipelines.errors import DataError, SettingsError, SystemFault
from pipelines.lakehouse.vault import Envelope, Sealed, open_sealed
from pipelines.lakehouse.vault_key import VARIABLE, KeyRef, ensure_key


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> KeyRef:
    return ensure_key(f"{tmp_path_factory.mktemp('keys')}/vault.json", allow_generated=True)


def brought(name: str = "shop-2017") -> str:
    secret = base64.b64encode(bytes(range(32))).decode()
    return json.dumps({"key_id": name, "hash_key": secret, "wrapping_key": secret, "generated": False})


def sealed(key: KeyRef, value: bytes) -> Sealed:
    envelope = Envelope(key)
    envelope.seal("email", value)
    return envelope.rows[0]


@given(st.binary(max_size=200))
def test_what_was_sealed_opens(key: KeyRef, value: bytes) -> None:
    row = sealed(key, value)
    assert open_sealed(key, row).encode("utf-8", "surrogateescape") == value
    assert len(value) < 8 or value not in row.sealed + row.person_key


def test_tokens_agree_and_the_rest_does_not(key: KeyRef) -> None:
    one, two = sealed(key, b"ann@example.com"), sealed(key, b"ann@example.com")
    assert one.token == two.token
    assert re.fullmatch("email:[0-9a-f]{64}", one.token)
    assert one.sealed != two.sealed
    assert one.person_key != two.person_key


def test_the_contacts_of_a_record_share_its_key(key: KeyRef) -> None:
    envelope = Envelope(key)
    tokens = [envelope.seal("email", b"1"), envelope.seal("phone", b"1")]
    assert [row.token for row in envelope.rows] == tokens
    assert len({row.person_key for row in envelope.rows}) == 1
    assert len({token.split(":")[1] for token in tokens}) == 2  # the kind is part of what is hashed


def test_a_row_of_spark_opens(key: KeyRef) -> None:
    row = sealed(key, b"ann@example.com")
    kept = {"person_key": bytearray(row.person_key), "sealed": bytearray(row.sealed)}
    spark = Row(token=row.token, kind=row.kind, key_id=row.key_id, **kept)
    assert open_sealed(key, spark) == "ann@example.com"


def test_parts_of_two_rows_do_not_open(key: KeyRef) -> None:
    one, two = sealed(key, b"1"), sealed(key, b"2")
    for mixed in (
        replace(one, sealed=two.sealed),
        replace(one, token=two.token),
        replace(one, person_key=two.person_key),
        replace(one, sealed=b""),
    ):
        with pytest.raises(DataError, match="altered"):
            open_sealed(key, mixed)


def test_another_key_is_named(key: KeyRef, monkeypatch: pytest.MonkeyPatch) -> None:
    row = sealed(key, b"1")
    monkeypatch.setenv(VARIABLE, brought())
    with pytest.raises(SettingsError, match=r"the vault's key is shop-2017"):
        open_sealed(key, row)


def test_a_generated_key_is_private_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "keys/vault.json"
    ref = ensure_key(str(path), allow_generated=True)
    first = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert ensure_key(str(path), allow_generated=True) == ref
    assert path.read_bytes() == first
    assert os.listdir(path.parent) == ["vault.json"]


def test_of_many_makers_one_wins(tmp_path: Path) -> None:
    path = f"{tmp_path}/vault.json"
    with ThreadPoolExecutor(8) as pool:
        refs = list(pool.map(lambda _: ensure_key(path, allow_generated=True), range(8)))
    assert len({sealed(ref, b"1").token for ref in refs}) == 1
    assert os.listdir(tmp_path) == ["vault.json"]


def test_a_key_must_be_brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"{tmp_path}/vault.json"
    with pytest.raises(SettingsError, match="no vault key"):
        ensure_key(path, allow_generated=False)
    ensure_key(path, allow_generated=True)
    with pytest.raises(SettingsError, match="generated"):
        ensure_key(path, allow_generated=False)
    monkeypatch.setenv(VARIABLE, brought())
    assert sealed(ensure_key(path, allow_generated=False), b"1").key_id == "shop-2017"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_key_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "vault.json"
    path.write_text(brought())
    path.chmod(mode)
    with pytest.raises(SystemFault, match="open to others") as caught:
        ensure_key(str(path), allow_generated=False)
    assert caught.value.remedy == f"chmod 600 {path}"


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"key_id": 1}', brought().replace("AAEC", "AA")])
def test_what_is_no_key_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "vault.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(SettingsError, match="does not hold a vault key"):
        ensure_key(str(path), allow_generated=True)


def test_the_secret_stays_out_of_sight(key: KeyRef, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = json.loads(Path(key.path).read_text())["hash_key"]
    raw = base64.b64decode(secret)
    envelope = Envelope(key)
    shown = repr(key) + repr(envelope) + repr(vars(envelope)["_keys"]) + str(pickle.dumps(key))
    assert secret not in shown
    assert repr(raw) not in shown
    monkeypatch.setenv(VARIABLE, "{" + secret)
    with pytest.raises(SettingsError) as caught:
        ensure_key(key.path, allow_generated=True)
    assert secret not in str(caught.value)
