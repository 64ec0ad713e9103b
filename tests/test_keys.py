"""A change of the vault's key in the golden shop: what is met again keeps its token, so nothing else moves."""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipelines import keys
from pipelines.errors import SettingsError
from pipelines.ingest import TOKENS
from pipelines.keys import rotate
from pipelines.lakehouse.digests import DIGESTS
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.vault import open_sealed
from pipelines.lakehouse.vault_key import VARIABLE, KeyRef
from pipelines.query import select
from pipelines.settings import Settings
from pipelines.silver import customers, identifier_edges, person_identifiers
from pipelines.subject.begun import done, save
from pipelines.subject.erase import erase
from pipelines.subject.gather import gather
from pipelines.support.person import find
from tests.conftest import copy_of
from tests.days import contents, land, run_day

pytestmark = pytest.mark.spark

STAGES = ("ingest", "refine")
NEXT = date(2024, 3, 4)
FORM = {"loyalty_card": "C1", "email": "anna@example.COM", "phone": "212 555 0123"}
NEW = {"loyalty_card": "C4", "email": "dora@example.com", "phone": "212 555 0123"}
TABLES = (customers.TABLE, identifier_edges.TABLE, person_identifiers.TABLE)


@pytest.fixture
def own(settled_shop: Callable[[], Settings], tmp_path: Path) -> Settings:
    """The golden shop with a key of its own, whose forms come once more."""
    settings = settled_shop()
    key = tmp_path / "key.json"
    shutil.copy(settings.vault.key_file, key)
    key.chmod(0o600)
    copied = copy_of(settings, tmp_path, f"vault.key_file={key}")
    land(copied, "customers", "20240304T010000Z", "more.jsonl", f"{json.dumps(FORM)}\n{json.dumps(NEW)}\n")
    return copied


def contacts(spark: SparkSession, settings: Settings) -> dict[str, str]:
    """What each token of the vault stands for, under the key that stands now."""
    rows = Lake(spark, settings.lake.root).read(TOKENS).collect()
    return {row["token"]: open_sealed(KeyRef(settings.vault.key_file), row) for row in rows}


def brought(place: Path, name: str = "next", *, generated: bool = False) -> Path:
    secret = base64.b64encode(os.urandom(32)).decode()
    place.write_text(
        json.dumps({"key_id": name, "hash_key": secret, "wrapping_key": secret, "generated": generated})
    )
    place.chmod(0o600)
    return place


def test_a_change_of_key_moves_nobody(
    spark: SparkSession, own: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before the new key takes the old one's place, and called again; then twice more, and a day is run."""
    day = keys.decisions.newest(Lake(spark, own.lake.root))
    before, old = contacts(spark, own), Path(own.vault.key_file).read_bytes()
    stood = contents(own, TABLES)

    def killed(*_: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(keys, "swap", killed)
        with pytest.raises(KeyboardInterrupt):
            rotate(spark, own, None)
    assert Path(own.vault.key_file).read_bytes() == old
    first = rotate(spark, own, None)
    second = rotate(spark, own, brought(tmp_path / "brought.json"))
    assert (first.contacts, second.contacts, second.key_id) == (len(before), len(before), "next")
    assert not list(tmp_path.glob("*.next"))
    assert contacts(spark, own) == before
    assert contents(own, TABLES) == stood
    run_day(spark, own, day, STAGES)
    after = contacts(spark, own)
    assert set(after.items()) - set(before.items()) == {
        (token, value) for token, value in after.items() if value == "dora@example.com"
    }
    assert len(after) == len(before) + 1, "Anna's address and number are found again"
    rows = Lake(spark, own.lake.root).read(customers.TABLE).collect()
    form = {row["loyalty_card"]: (row["email"], row["phone"]) for row in rows}
    assert before[form["C1"][0]] == "anna@example.com"
    assert form["C1"][1] == form["C4"][1]
    key_ids = {row["key_id"] for row in Lake(spark, own.lake.root).read(TOKENS).collect()}
    assert key_ids == {"next"}
    assert {len(row["digest"]) for row in Lake(spark, own.lake.root).read(DIGESTS).collect()} >= {70}


def test_a_key_that_may_not_be_is_refused_before_anything_is_written(
    spark: SparkSession, own: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsError, match="is the standing one"):
        rotate(spark, own, Path(own.vault.key_file))
    strict = own.model_copy(update={"vault": own.vault.model_copy(update={"allow_generated_key": False})})
    monkeypatch.setenv(VARIABLE, brought(tmp_path / "standing.json", "standing").read_text())
    with pytest.raises(SettingsError, match="in a variable"):
        rotate(spark, strict, None)
    with pytest.raises(SettingsError, match="was generated"):
        rotate(spark, strict, brought(tmp_path / "made.json", "made", generated=True))
    assert Lake(spark, own.lake.root).head(DIGESTS) is None
    assert not list(tmp_path.glob("*.next"))


def test_who_was_erased_stays_so_under_another_key(spark: SparkSession, own: Settings) -> None:
    """Erased by the card; the form that lands once more, sealed under the new key by now, is of before."""
    key = KeyRef(own.vault.key_file)

    def person() -> str:
        return find(own.lake.root, key, "card", "C1", region="US")

    at = datetime(2024, 3, 4, 12, tzinfo=UTC)
    begun = gather(own.lake.root, key, person(), at)
    save(own.lake.root, key, begun)
    with pytest.raises(SettingsError, match="has begun under the standing key"):
        rotate(spark, own, None)
    done(own.lake.root, begun)
    erase(spark, own, "card:C1", person, at=at, say=lambda _: None)
    rotate(spark, own, None)
    run_day(spark, own, NEXT, STAGES)
    cards = select(own.lake.root, "SELECT loyalty_card FROM silver.customers ORDER BY ALL")[
        "loyalty_card"
    ].to_pylist()
    assert cards == ["C2", "C4"]
    assert "anna@example.com" not in contacts(spark, own).values()
