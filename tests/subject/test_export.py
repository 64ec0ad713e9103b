"""An access request in the golden shop: Anna (card C1) gets all that is hers, in clear, and nothing of others."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import UsageError
from pipelines.lakehouse.vault_key import ensure_key
from pipelines.query import select
from pipelines.settings import Settings
from pipelines.subject.export import export, opened
from pipelines.subject.held import condition
from pipelines.subject.who import Subject, subject
from pipelines.support.person import find
from tests.days import MADE

AT = datetime(2024, 3, 4, 12, tzinfo=UTC)
SOMEBODY = Subject(("p1",), frozenset({"loyalty_card:4711"}))
TOKEN = "email:" + 64 * "0"


def asked(settings: Settings, folder: Path) -> tuple[str, dict[str, int]]:
    key = ensure_key(settings.vault.key_file, allow_generated=True)
    person = find(settings.lake.root, key, "card", "C1", region="US")
    return person, export(settings.lake.root, key, person, folder, at=AT)


def lines(folder: Path, table: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{table}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.spark
def test_all_that_is_hers_is_in_the_files_and_nothing_of_others(
    settled_shop: Callable[[], Settings], tmp_path: Path
) -> None:
    settings, folder = settled_shop(), tmp_path / "anna"
    person, found = asked(settings, folder)
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    assert {each["file"]: each["rows"] for each in index["files"]} == {
        f"{table}.jsonl": rows for table, rows in found.items()
    }
    assert {path.name for path in folder.iterdir()} == {"index.json", *(f"{table}.jsonl" for table in found)}
    (form,) = lines(folder, "silver.customers")
    assert (form["email"], form["phone"]) == ("anna@example.com", "+12125550123")
    (landed,) = lines(folder, "bronze.customers")
    assert json.loads(landed["payload"])["email"] == "anna@example.com"
    assert {row["receipt_id"] for row in lines(folder, "silver.receipts")} == {
        row["receipt_id"]
        for row in select(
            settings.lake.root, "SELECT receipt_id FROM silver.receipts WHERE loyalty_card = 'C1'"
        ).to_pylist()
    }
    assert [row["reasons"][0]["code"] for row in lines(folder, "quarantine.receipts")] == ["MISSING_VALUE"]
    assert {row["person_id"] for row in lines(folder, "gold.customer_360")} == {person}
    said = "".join(path.read_text(encoding="utf-8") for path in folder.iterdir())
    assert not any(other in said for other in ('"C2"', '"C3"', '"d1"', '"k9"', "2125550147"))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    with pytest.raises(UsageError, match="is there already"):
        asked(settings, folder)


@pytest.mark.spark
def test_nobody_is_not_exported(settled_shop: Callable[[], Settings]) -> None:
    with pytest.raises(UsageError, match="Nobody is called"):
        subject(settled_shop().lake.root, "p'0")


def test_a_contact_stands_where_its_token_stood_and_json_stays_json() -> None:
    row = {"email": TOKEN, "payload": json.dumps({"email": TOKEN, "x": [1]}).encode(), "n": 1}
    found = opened(row, {TOKEN: 'o"jo@shop.example'})
    assert found["email"] == 'o"jo@shop.example'
    assert json.loads(found["payload"]) == {"email": 'o"jo@shop.example', "x": [1]}
    assert opened(row, {})["email"] == TOKEN


def test_every_table_that_names_a_person_is_asked() -> None:
    """A column of persons or identifiers under a name that nobody thought of fails here."""
    about = re.compile(r"person_id|card|login|cookie|email|phone|token|device_id|visitor|anchor|buyer")
    counted = {
        "gold.customer_master_quality",
        "gold.lifetime_models",
    }  # how many have a contact, or bought again
    unasked = {
        table.name
        for table in MADE
        if condition(table, SOMEBODY) is None and any(map(about.search, table.names))
    }
    assert unasked == counted
