"""Real receipts get simulated visits and mails beside them; nothing real is changed or made up."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipelines.errors import DataError
from pipelines.landing.files import drop
from pipelines.simulate import dress
from pipelines.simulate.world import World
from tests.conftest import GOLDEN
from tests.simulate.worlds import Made, fingerprint

pytestmark = pytest.mark.spark

CARDS = 60


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The golden shop's landing files, and a day of 60 cards."""
    place = tmp_path_factory.mktemp("dressed")
    shutil.copytree(GOLDEN / "landing", place / "landing")
    good = '{{"product_id":"{}","quantity":1,"net_amount":"1.00"}}'
    lines = f'"lines":[{good.format(7)},{good.format(8)}]'
    records = "".join(
        f'{{"receipt_no":"{n}","store_id":"9","purchased_at":"2024-03-01T12:00:00Z","loyalty_card":"H{n}",{lines}}}\n'
        for n in range(CARDS)
    )
    world = World.checked(seed=1, households=1, start="2024-03-01", days=1, stores=1)
    no_utf8 = (
        records.splitlines()[0].replace("H0", "H\xff").encode("latin-1") + b"\n"
    )  # no receipt to bronze either
    drop(str(place / "landing"), "receipts", world.drop_of(0), "cards.jsonl", records.encode() + no_utf8)
    return Made(place)


def test_visits_and_mails_of_the_same_cards(spark: SparkSession, shop: Made) -> None:
    root, real = str(shop.place / "landing"), shop.digest()
    added = dress.dress(spark, root, seed=3, time_zone="UTC")
    everything = shop.digest()
    assert {path: digest for path, digest in everything.items() if path in real} == real
    new = {path for path in everything if path not in real} - {dress.MANIFEST}
    assert new
    assert all("simulated" in Path(path).name for path in new)
    added_files = {path: everything[path] for path in sorted(new)}
    assert fingerprint(added_files) == "4c1339607b146dd2249d6f7eba18af7e4570fd79f2d94e7fd5a783c712e18216", (
        "the same on every engine"
    )
    mails, web = list(shop.records("engagement")), list(shop.records("web_events"))
    assert added == {"engagement": len(mails), "web_events": len(web)}
    assert min(added.values()) > 10
    cards = {f"H{n}" for n in range(CARDS)}
    assert len({mail["loyalty_card"] for mail in mails} & cards) > 10
    assert not any(name in record for record in (*mails, *web) for name in ("email", "phone"))
    assert {good["product_id"] for event in web for good in event.get("lines", ())} >= {"7", "8"}
    assert {mail["kind"] for mail in mails} >= {"sent", "delivered", "opened"}


def test_a_second_call_changes_nothing_and_another_seed_is_refused(spark: SparkSession, shop: Made) -> None:
    root, before = str(shop.place / "landing"), shop.digest()
    added = dress.settled(root, 3)
    assert added is not None
    (shop.place / "landing" / dress.MANIFEST).unlink()
    assert dress.dress(spark, root, seed=3, time_zone="UTC") == added
    assert shop.digest() == before
    with pytest.raises(DataError, match="seed 3"):
        dress.settled(root, 4)


def test_no_receipts_are_an_error(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no receipts"):
        dress.dress(spark, str(tmp_path), seed=1, time_zone="UTC")
