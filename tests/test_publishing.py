"""The last stage on the golden shop: a mail with its address, a report, a release; nothing when a rule is broken."""

from __future__ import annotations

import gzip
import html
import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipelines import context, query, reporting, sending, stages
from pipelines.errors import DataError, UsageError
from pipelines.lakehouse.expectations import ERROR, at_least
from pipelines.lakehouse.table import Table
from pipelines.publish.delivery.journal import State
from pipelines.publish.release import Published
from pipelines.publish.suite import Rule, suite_of
from pipelines.settings import Settings
from tests.conftest import as_words
from tests.days import DAYS
from tests.test_cli import tillpost

pytestmark = pytest.mark.spark


def publish(spark: SparkSession, settings: Settings) -> Published:
    with context.within(spark, settings, DAYS[-1], lambda _: None) as run:
        return stages.publish(run)


def test_nothing_is_published_when_a_rule_is_broken(
    spark: SparkSession, settled_shop: Callable[[], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settled_shop()

    impossible = Rule("slot_at_least_99", ERROR, at_least("slot", 99).gx, "Look at the send list")

    def stricter(table: Table) -> tuple[Rule, ...]:
        return (*suite_of(table), impossible) if table.short == "send_list" else suite_of(table)

    monkeypatch.setattr("pipelines.publish.validation.suite_of", stricter)
    with pytest.raises(DataError, match="Nothing is published"):
        publish(spark, settings)
    assert not list(Path(settings.exports.root).glob("as_of=*"))


def test_a_day_is_released_once_with_its_mails_and_report(
    spark: SparkSession, settled_shop: Callable[[], Settings]
) -> None:
    settings = settled_shop()
    first = publish(spark, settings)
    assert first.files is not None
    folder = Path(settings.exports.root) / first.folder
    mails = [
        json.loads(line) for line in (folder / "send_list.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [mail["to"]["email"] for mail in mails] == ["anna@example.com"]
    assert mails[0]["campaign"] == "receipt_mail/2024-03-03"
    told = query.select(settings.lake.root, "select measure, of, value from audit.send_lists").to_pylist()
    figures = {(row["measure"], row["of"]): row["value"] for row in told}
    assert len(figures) == len(told)
    assert figures["messages", "receipt_mail/email"] == 1
    assert sum(value for (measure, _), value in figures.items() if measure == "items") == sum(
        len(block["items"]) for block in mails[0]["blocks"]
    )
    for page in ("report.html", "gallery.html"):
        assert "anna@example.com" not in (folder / page).read_text(encoding="utf-8")
    report = html.unescape((folder / "report.html").read_text(encoding="utf-8"))
    (asked,) = re.findall(r'tillpost sql --release \w+ "(SELECT lifecycle_stage.+?)"', report)
    stages = query.select(settings.lake.root, asked, release=first.release_id).to_pylist()
    assert sum(row["reachable"] for row in stages) >= len(mails), "who gets a mail can be reached"
    for row in stages:
        assert re.search(rf"<td>{row['people']}</td><td>{row['reachable']}</td>", report)
    for name in reporting.PAGES:
        page = (folder / f"{name}.html").read_text(encoding="utf-8")
        assert f"<code>{first.release_id}</code>" in page
        assert "anna@example.com" not in page
        assert list((folder / name).glob("*.csv"))
        asked = re.findall(r'<code>tillpost sql --release (\w+) "(.+?)"</code>', html.unescape(page))
        body = page.split("<main>")[1].split("</main>")[0]
        assert body.count("<table>") == body.count('<details class="query">')
        for release, select in asked:
            assert query.select(settings.lake.root, select, release=release).column_names
    pointer = json.loads((Path(settings.exports.root) / "LATEST.json").read_text(encoding="utf-8"))
    assert pointer["release_id"] == first.release_id
    again = publish(spark, settings)
    assert (again.release_id, again.files) == (first.release_id, None)
    released = query.select(settings.lake.root, "select release_id from audit.releases").to_pylist()
    assert released == [{"release_id": first.release_id}]
    pinned = query.select(settings.lake.root, "select count(*) as n from gold.send_list", release="latest")
    assert pinned.to_pylist()[0]["n"] > 0


def test_a_release_is_shown_and_sent_once(
    spark: SparkSession,
    settled_shop: Callable[[], Settings],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settled = settled_shop()
    publish(spark, settled)
    places = {"folder": str(tmp_path / "outbox"), "journal": str(tmp_path / "journal.db")}
    settings = settled.model_copy(update={"delivery": settled.delivery.model_copy(update=places)})
    (message,) = sending.released(settings, DAYS[-1])
    page = tmp_path / "page.html"
    assert tillpost("preview", "--person", message.person, "--html", str(page), *as_words(settings)) == 0
    shown = capsys.readouterr().out
    assert message.items[0].title in shown
    assert "anna@example.com" not in shown + page.read_text(encoding="utf-8")
    assert tillpost("preview", "--person", "nobody", *as_words(settings)) == 2
    first, again = sending.send(settings, None), sending.send(settings, None)
    assert (first.now, again.now) == (1, 0)
    assert first.states == again.states == {State.SENT: 1}
    (mail,) = (tmp_path / "outbox" / "email").iterdir()
    assert b"To: anna@example.com" in mail.read_bytes()
    with pytest.raises(UsageError, match="Nothing was released for 2000-01-01"):
        list(sending.released(settings, date(2000, 1, 1)))


def test_the_feeds_of_a_release_name_nobody_openly(
    spark: SparkSession, settled_shop: Callable[[], Settings]
) -> None:
    settings = settled_shop()
    folder = Path(settings.exports.root) / publish(spark, settings).folder
    tills = {
        path.name: [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
        for path in (folder / "till_feed").iterdir()
    }
    at_tills = query.select(
        settings.lake.root,
        "select favourite_store as store, points_balance as balance from gold.customer_360 c where as_of = "
        f"date '{DAYS[-1]}' and favourite_store is not null and exists (from silver.person_identifiers i "
        "where i.person_id = c.person_id and valid_to is null and identifier_type = 'loyalty_card') order by all",
    ).to_pylist()
    told = sorted(
        (name.removesuffix(".jsonl.gz"), line["balance"]) for name, lines in tills.items() for line in lines
    )
    assert told == [(row["store"], row["balance"]) for row in at_tills]
    assert all(
        re.fullmatch("[0-9a-f]{32}", card)
        for lines in tills.values()
        for one in lines
        for card in one["card"]
    )
    for path in (*(folder / "till_feed").iterdir(), *(folder / "site_feed").iterdir()):
        assert b"2125550123" not in gzip.decompress(path.read_bytes())


def test_no_contact_and_no_key_lies_open_anywhere(settled_shop: Callable[[], Settings]) -> None:
    settings = settled_shop()
    key = json.loads(Path(settings.vault.key_file).read_text(encoding="utf-8"))
    secrets = [
        value.encode()
        for name, value in key.items()
        if "key" in name and isinstance(value, str) and len(value) > 30
    ]
    assert secrets
    hidden = [
        b"Anna@Example.com",
        b"anna@example.com",
        b"torn@example.com",
        b"12125550123",
        b"212-555-0123",
        *secrets,
    ]
    for file in Path(settings.lake.root).rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not [secret for secret in hidden if secret in content], file.name
