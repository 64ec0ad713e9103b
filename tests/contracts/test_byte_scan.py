"""No byte of the lake, of MLflow's store, of what is printed or of a plan is a contact or a part of the key.

The one place where contacts may stand is the send list's JSON Lines, which leave the house.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from pipelines.lakehouse.vault_key import KeyRef
from pipelines.landing import customers
from pipelines.landing.framing import frame
from pipelines.landing.sealing import Sealing
from pipelines.publish.send_list import JSON_LINES
from pipelines.settings import Settings
from tests.conftest import as_words, copy_of, shop_settings
from tests.days import DAYS
from tests.test_cli import tillpost

pytestmark = pytest.mark.spark

CONTACTS = (
    *("anna@example.com", "torn@example.com", "not an address"),
    *("2125550123", "212-555-0123", "2125550147", "212 555 0147", "555-0147"),
)
"""As the golden shop's files have them, and as they are after they were put into one form; in lower case."""


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    return shop_settings(tmp_path, f"vault.key_file={tmp_path / 'keys' / 'key.json'}")


def secrets_of(settings: Settings) -> tuple[bytes, ...]:
    """The key's parts, as text, as hex and as bytes; all in lower case."""
    note = json.loads(Path(settings.vault.key_file).read_text())
    texts = [note[name] for name in ("hash_key", "wrapping_key")]
    raw = [base64.b64decode(text) for text in texts]
    return tuple(
        each.lower() for each in (*(t.encode() for t in texts), *raw, *(r.hex().encode() for r in raw))
    )


def written(place: Path) -> Iterator[tuple[str, bytes]]:
    """Every file that was made, in lower case; of Parquet the values, too, since its pages are packed."""
    for path in sorted(place.rglob("*")):
        below = path.relative_to(place)
        if path.is_file() and below.parts[0] not in ("landing", "keys") and path.name != JSON_LINES:
            yield str(below), path.read_bytes().lower()
            if path.suffix == ".parquet":
                yield str(below), str(pq.read_table(path).to_pylist()).lower().encode()


def leaks(place: Path, said: str, needles: tuple[bytes, ...]) -> set[str]:
    """Where a needle stands."""
    found = {name for name, content in written(place) if any(needle in content for needle in needles)}
    return found | (
        {"what was printed"} if any(needle in said.lower().encode() for needle in needles) else set()
    )


def plan_of(spark: SparkSession, settings: Settings) -> None:
    """Print how forms become records: the plan that knows where the key is."""
    columns = "source string, file string, size long, arrived_at timestamp, batch long"
    files = spark.createDataFrame([], columns)
    key = KeyRef(settings.vault.key_file)
    records = frame(
        files, customers.SOURCE, landing_root=settings.landing.root, vault_key=key, default_region="US"
    )
    records.explain(extended=True)


def test_no_contact_and_no_key_stands_anywhere(
    spark: SparkSession,
    settled_shop: Callable[[], Settings],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The golden shop after its days, published; what the commands say of it; and a plan that knows the key."""
    own = copy_of(settled_shop(), tmp_path)
    words = as_words(own)
    assert tillpost("run", "--as-of", str(DAYS[-1]), *words) == 0
    assert tillpost("identity", "audit", *words) == 0
    assert tillpost("identity", "explain", "loyalty_card:C2", *words) == 0
    plan_of(spark, own)
    said = "".join(capfd.readouterr())
    assert "Plan" in said
    needles = (*(contact.encode() for contact in CONTACTS), *secrets_of(own))
    assert leaks(tmp_path, said, needles) == set()


def test_the_scan_finds_what_is_not_sealed(
    spark: SparkSession, own: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without the protection contacts stand in bronze, in files that the scan reads."""
    monkeypatch.setattr(Sealing, "apply", lambda self, record: (record, []))
    assert tillpost("ingest", "--as-of", str(DAYS[-1]), *as_words(own)) == 0
    found = leaks(tmp_path, "", tuple(contact.encode() for contact in CONTACTS))
    assert {"/".join(Path(name).parts[:3]) for name in found} >= {"lake/bronze/customers"}
    (tmp_path / "note.txt").write_bytes(secrets_of(own)[1])
    assert "note.txt" in leaks(tmp_path, secrets_of(own)[0].decode(), secrets_of(own))
