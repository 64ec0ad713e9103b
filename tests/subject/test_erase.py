"""Anna (card C1) is erased from the golden shop: she is nowhere, the shop goes on, old files do not bring her back."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from pipelines.errors import DataError, LeaseHeld, UsageError
from pipelines.lakehouse.lease import lease
from pipelines.lakehouse.vault_key import ensure_key
from pipelines.query import select
from pipelines.settings import Settings
from pipelines.subject import erase as erasing
from pipelines.subject.erase import Erased, erase
from pipelines.support.person import find
from tests.conftest import copy_of, shop_settings
from tests.days import DATA, DAYS, STATES, UNTIL_SCORE, contents, land, run_day, versions

pytestmark = pytest.mark.spark

AT = datetime(2024, 3, 4, 12, tzinfo=UTC)
NEXT = date(2024, 3, 5)
HERS = ("'C1'", '"C1"', "'k1'", '"k1"', "'l1'", '"l1"', "'anna'", '"anna"', "anna@example.com", "2125550123")
"""Her card, browser, mail's link, login and contacts, as a value of a column or of JSON has them."""
MERGED = {
    "event_id": "i9",
    "kind": "phone_confirmed",
    "occurred_at": "2024-03-03T12:00:00Z",
    "loyalty_card": "C1",
    "phone": "+1 212 555 0123",
    "login": "anna",
}
"""Her card and her account, two persons until then, are found to be one."""


class Killed(BaseException):
    """The process ends here."""


def anna(settings: Settings) -> str:
    key = ensure_key(settings.vault.key_file, allow_generated=True)
    return find(settings.lake.root, key, "card", "C1", region="US")


def erase_anna(spark: SparkSession, settings: Settings) -> Erased:
    return erase(spark, settings, "card:C1", lambda: anna(settings), at=AT, say=lambda _: None)


def own(settled: Settings, place: Path) -> Settings:
    """A copy of the golden shop, with a key and a carrier's folder of its own."""
    shutil.copy(settled.vault.key_file, place / "key.json")
    sets = (f"vault.key_file={place / 'key.json'}", f"delivery.folder={place / 'outbox'}")
    return copy_of(settled, place, *sets, f"delivery.journal={place / 'journal.db'}")


def tokens_of(settings: Settings) -> set[str]:
    """Her person's id, and her contacts' tokens."""
    person = anna(settings)
    rows = select(settings.lake.root, f"SELECT * FROM silver.person_identifiers WHERE person_id = '{person}'")
    named = zip(rows["identifier_type"].to_pylist(), rows["identifier_value"].to_pylist(), strict=True)
    return {person, *(value for kind, value in named if kind in ("email", "phone"))}


def written(place: Path) -> Iterator[tuple[str, str]]:
    """Every file but what landed and the key, as text; of Parquet its values, too."""
    for path in sorted(place.rglob("*")):
        below = path.relative_to(place)
        if path.is_file() and below.parts[0] not in ("landing", "key.json"):
            yield str(below), path.read_bytes().decode("latin-1").replace('\\"', '"')
            if path.suffix == ".parquet":
                yield str(below), str(pq.read_table(path).to_pylist())


def standing_in(place: Path, words: tuple[str, ...]) -> set[str]:
    return {name for name, text in written(place) if any(word in text for word in words)}


@pytest.fixture(scope="module")
def before(
    spark: SparkSession, settled_shop: Callable[[], Settings], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The golden shop with its last day released, on which she was found to be two."""
    place = tmp_path_factory.mktemp("released")
    shop = own(settled_shop(), place)
    land(shop, "identity_events", "20240304T010000Z", "merged.jsonl", json.dumps(MERGED) + "\n")
    run_day(spark, shop, DAYS[-1], (*UNTIL_SCORE, "publish"))
    return place


@pytest.fixture
def shop(before: Path, tmp_path: Path) -> Settings:
    """A copy of that to erase her from."""
    shutil.copytree(before, tmp_path, dirs_exist_ok=True)
    return same_shop(tmp_path)


def same_shop(place: Path) -> Settings:
    return shop_settings(
        place,
        f"vault.key_file={place / 'key.json'}",
        f"delivery.folder={place / 'outbox'}",
        f"delivery.journal={place / 'journal.db'}",
    )


@pytest.fixture(scope="module")
def erased(
    spark: SparkSession, before: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Erased, set[str]]:
    """The shop without her, the certificate, and what led to her; only read."""
    place = tmp_path_factory.mktemp("erased")
    shutil.copytree(before, place, dirs_exist_ok=True)
    hers = tokens_of(same_shop(place))
    return place, erase_anna(spark, same_shop(place)), hers


def test_she_is_in_no_file(before: Path, erased: tuple[Path, Erased, set[str]]) -> None:
    place, _, hers = erased
    assert standing_in(before, (*HERS, *hers)), "control: she was in many"
    assert standing_in(place, (*HERS, *hers)) == set()


def test_the_certificate_says_what_was_done_and_nothing_of_her(erased: tuple[Path, Erased, set[str]]) -> None:
    place, done, hers = erased
    said = json.loads(Path(f"{done.place}.json").read_text(encoding="utf-8"))
    assert (said["erased"], [each["found"] for each in said["looked"]]) == (
        True,
        [[] for _ in said["looked"]],
    )
    assert sum(each["files"] for each in said["looked"]) > 100
    gone = {table: (rows, cut) for table, rows, cut in said["deleted"]}
    assert gone["bronze.receipts"] == (7, 0)
    assert gone["vault.tokens"] == (2, 0)
    texts = [Path(f"{done.place}{ending}").read_text(encoding="utf-8") for ending in (".json", ".txt")]
    assert not any(word in text for text in texts for word in (*HERS, *hers, "C1"))
    assert not list((place / "lake" / "vault" / "_erasing").iterdir())


def test_others_are_as_they_were(before: Path, erased: tuple[Path, Erased, set[str]]) -> None:
    asked = "SELECT * FROM silver.receipts WHERE loyalty_card IN ('C2', 'C3') ORDER BY ALL"
    assert (
        select(str(before / "lake"), asked).to_pylist()
        == select(str(erased[0] / "lake"), asked).to_pylist()
        != []
    )


def test_every_account_reconciles_after_it(erased: tuple[Path, Erased, set[str]]) -> None:
    asked = (
        "SELECT r.received, r.accepted + r.refused + r.duplicates AS told, "
        "(SELECT count(*) FROM bronze.receipts) AS held "
        "FROM audit.runs r WHERE r.table = 'silver.receipts' ORDER BY r.output_version DESC LIMIT 1"
    )
    (last,) = select(str(erased[0] / "lake"), asked).to_pylist()
    assert last["received"] == last["told"] == last["held"]


def finished(spark: SparkSession, shop: Settings, straight: Settings) -> None:
    """The same command once more needs no more than the first was given, and leaves what one call would have left."""
    again = erase(
        spark, shop, "card:C1", lambda: pytest.fail("asked for once more"), at=AT, say=lambda _: None
    )
    assert not again.certificate.left
    assert contents(shop, STATES) == contents(straight, STATES)


@pytest.mark.parametrize("step", ["purge", "cut", "forget"])
def test_the_scan_finds_her_where_a_step_is_left_out(
    spark: SparkSession,
    shop: Settings,
    monkeypatch: pytest.MonkeyPatch,
    erased: tuple[Path, Erased, set[str]],
    step: str,
) -> None:
    """The control of the scan."""
    instead = {"purge": lambda *_: 0, "cut": lambda *_: "cut", "forget": lambda *_: iter(())}
    monkeypatch.setattr(erasing, step, instead[step])
    with pytest.raises(DataError, match="still stands in"):
        erase_anna(spark, shop)
    (certificate,) = Path(shop.exports.root, "erasures").glob("*.json")
    assert json.loads(certificate.read_text(encoding="utf-8"))["erased"] is False
    monkeypatch.undo()
    finished(spark, shop, same_shop(erased[0]))


@pytest.mark.parametrize("step", ["forget", "_run"])
def test_killed_half_way_and_run_again_it_finishes(
    spark: SparkSession,
    shop: Settings,
    monkeypatch: pytest.MonkeyPatch,
    erased: tuple[Path, Erased, set[str]],
    step: str,
) -> None:
    """Some of the tables are without her; or all are, and nobody knows her any more."""
    real = getattr(erasing, step)

    def killed(*args: object) -> Iterator[object]:
        yield from itertools.islice(iter(real(*args)), 2)
        raise Killed

    def killed_after(*args: object) -> None:
        real(*args)
        raise Killed

    monkeypatch.setattr(erasing, step, killed if step == "forget" else killed_after)
    with pytest.raises(Killed):
        erase_anna(spark, shop)
    monkeypatch.undo()
    finished(spark, shop, same_shop(erased[0]))


def test_a_run_after_it_has_nothing_to_do_and_the_next_day_works(spark: SparkSession, shop: Settings) -> None:
    erase_anna(spark, shop)
    standing = versions(shop)
    assert run_day(spark, shop, DAYS[-1]) == []
    assert versions(shop) == standing
    record = {
        "receipt_no": "90",
        "store_id": "S1",
        "purchased_at": "2024-03-04T15:00:00Z",
        "loyalty_card": "C2",
        "lines": [{"product_id": "milk", "quantity": 1, "net_amount": 1.20}],
    }
    land(shop, "receipts", "20240305T010000Z", "next.jsonl", json.dumps(record) + "\n")
    assert "silver.receipts" in run_day(spark, shop, date(2024, 3, 4), (*UNTIL_SCORE, "publish"))


def test_old_files_do_not_bring_her_back_and_what_she_does_later_is_taken(
    spark: SparkSession, shop: Settings
) -> None:
    """The same files dropped again; then a rebuild from all there are; then a purchase of the day after."""
    erase_anna(spark, shop)
    without = contents(shop, STATES, without=("batch",))
    landing = Path(shop.landing.root)
    for drop in [
        path for path in landing.glob("*/arrived=*") if path.parent.name in ("receipts", "web_events")
    ]:
        again = drop.with_name("arrived=20240305T010000Z")
        again.mkdir(exist_ok=True)
        for file in drop.iterdir():
            shutil.copy(file, again / f"again-{drop.name[8:]}-{file.name}")
    run_day(spark, shop, DAYS[-1])
    run_day(spark, shop, date(2024, 3, 4))
    held = contents(shop, DATA)
    assert not any(word in row for rows in held.values() for row in rows for word in HERS)
    for layer in ("bronze", "silver", "gold", "quarantine"):
        shutil.rmtree(Path(shop.lake.root, layer))
    for drop in landing.glob("*/arrived=20240305T010000Z"):
        shutil.rmtree(drop)
    run_day(spark, shop, DAYS[-1])
    rebuilt = contents(shop, STATES, without=("batch",))
    for name, rows in without.items():
        assert rows == rebuilt[name], name
    record = {
        "receipt_no": "91",
        "store_id": "S1",
        "purchased_at": "2024-03-05T15:00:00Z",
        "loyalty_card": "C1",
        "lines": [{"product_id": "milk", "quantity": 1, "net_amount": 1.20}],
    }
    land(shop, "receipts", "20240306T010000Z", "new.jsonl", json.dumps(record) + "\n")
    run_day(spark, shop, NEXT)
    asked = "SELECT receipt_id FROM silver.receipts WHERE loyalty_card = 'C1'"
    assert len(select(shop.lake.root, asked)) == 1


def test_while_a_run_is_at_work_nothing_is_changed(spark: SparkSession, shop: Settings) -> None:
    before = versions(shop)
    with lease(shop.lake.root, "score", "somebody"), pytest.raises(LeaseHeld, match="run somebody"):
        erase_anna(spark, shop)
    assert versions(shop) == before
    assert anna(shop)


def test_nobody_is_not_erased(spark: SparkSession, shop: Settings) -> None:
    with pytest.raises(UsageError, match="Nobody is called"):
        erase(spark, shop, "person:p0", lambda: "p0", at=AT, say=lambda _: None)
