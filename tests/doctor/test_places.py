"""Each fault of a place is found and named, with what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from pipelines.doctor import places
from pipelines.doctor.finding import Finding
from pipelines.lakehouse.vault_key import VARIABLE


def test_a_full_disk_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "MIN_FREE", 1 << 60)
    found = places.disk(str(tmp_path / "lake"))
    assert not found.ok
    assert "lake.root" in found.remedy


def test_a_place_that_cannot_be_written_names_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    found = places.writable("lake", str(tmp_path / "lake"), key="lake.root")
    assert found == Finding(
        "lake",
        False,
        f"{tmp_path} cannot be written: Read-only file system",
        "Mend its permissions or mount, or set lake.root to another place.",
    )


@pytest.mark.parametrize(("mode", "ok"), [(0o600, True), (0o400, True), (0o640, False), (0o604, False)])
def test_only_the_owner_may_read_the_key(tmp_path: Path, mode: int, ok: bool) -> None:
    key = tmp_path / "key.json"
    key.write_text("{}")
    key.chmod(mode)
    found = places.vault_key(str(key), may_be_made=True)
    assert found.ok is ok
    assert found.remedy == ("" if ok else f"chmod 600 {key}")


@pytest.mark.parametrize("may_be_made", [True, False])
def test_a_missing_key_is_a_fault_only_where_none_may_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, may_be_made: bool
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert places.vault_key(str(tmp_path / "key"), may_be_made=may_be_made).ok is may_be_made


def test_an_mlflow_database_that_is_none_is_found(tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    with sqlite3.connect(file) as store:
        store.execute("CREATE TABLE runs (id INTEGER)")
    assert places.tracking(f"sqlite:///{file}").ok
    file.write_bytes(b"this is not a database, whatever its name says" * 40)
    found = places.tracking(f"sqlite:///{file}")
    assert not found.ok
    assert "not a database" in found.detail


def test_a_server_that_does_not_answer_is_found() -> None:
    found = places.tracking("http://127.0.0.1:1")
    assert not found.ok
    assert "tracking.uri" in found.remedy
