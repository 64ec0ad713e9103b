"""Support finds a person of the golden shop by phone, e-mail and card, also under another key, and tells the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipelines import keys, query
from pipelines.errors import UsageError
from pipelines.lakehouse.vault_key import KeyRef, ensure_key
from pipelines.settings import Settings
from pipelines.support.person import By, find, look_up
from tests.conftest import copy_of
from tests.days import DAYS

pytestmark = pytest.mark.spark

ANNA: list[tuple[By, str]] = [("card", " C1"), ("email", "ANNA@example.com "), ("phone", "(212) 555-0123")]
"""As the golden shop's form of card C1 has her."""


def key_of(settings: Settings) -> KeyRef:
    return ensure_key(settings.vault.key_file, allow_generated=True)


@pytest.mark.parametrize(("by", "value"), ANNA)
def test_a_person_is_found_by_what_they_say_of_themselves(
    settled_shop: Callable[[], Settings], by: By, value: str
) -> None:
    settings = settled_shop()
    root, key = settings.lake.root, key_of(settings)
    person = find(root, key, by, value, region="US")
    found = look_up(root, key, person, today=DAYS[-1])
    assert found.contacts == {"email": ["anna@example.com"], "phone": ["+12125550123"]}
    assert "C1" in found.cards
    ledger = query.select(
        root, f"SELECT points, available_on FROM gold.loyalty_ledger WHERE person_id = '{person}'"
    ).to_pylist()
    assert found.points["balance"] == sum(row["points"] for row in ledger)
    later = [row for row in ledger if row["available_on"] > DAYS[-1]]
    assert len(found.frozen) == len(later)
    assert found.points["available"] == found.points["balance"] - sum(row["points"] for row in later)
    sold = query.select(
        root,
        "SELECT count(*) AS n FROM silver.receipts JOIN silver.person_identifiers ON anchor_type = identifier_type "
        f"AND anchor_value = identifier_value WHERE valid_to IS NULL AND person_id = '{person}'",
    ).to_pylist()
    assert len([row for row in found.purchases if row["kind"] in ("sale", "return")]) == sold[0]["n"] > 0
    assert found.why
    thawed = look_up(root, key, person, today=DAYS[-1] + timedelta(3650))
    assert (thawed.frozen, thawed.points["available"]) == ([], found.points["balance"])


@pytest.mark.parametrize(
    ("by", "value"),
    [("phone", "not a number"), ("phone", "+12125550199"), ("card", "C'404"), ("email", "x@")],
)
def test_who_was_never_seen_is_not_found_and_not_repeated(
    settled_shop: Callable[[], Settings], by: By, value: str
) -> None:
    settings = settled_shop()
    with pytest.raises(UsageError) as refused:
        find(settings.lake.root, key_of(settings), by, value, region="US")
    assert value not in str(refused.value)


def test_a_person_is_found_after_the_key_was_changed(
    spark: SparkSession, settled_shop: Callable[[], Settings], tmp_path: Path
) -> None:
    standing = settled_shop()
    own = tmp_path / "key.json"
    own.write_bytes(Path(standing.vault.key_file).read_bytes())
    own.chmod(0o600)
    settings = copy_of(standing, tmp_path, f"vault.key_file={own}")
    before = find(settings.lake.root, key_of(settings), "email", "anna@example.com", region="US")
    keys.rotate(spark, settings, None)
    key = key_of(settings)
    assert find(settings.lake.root, key, "email", "anna@example.com", region="US") == before
    found = look_up(settings.lake.root, key, before, today=date(2024, 3, 3))
    assert found.contacts["email"] == ["anna@example.com"]
