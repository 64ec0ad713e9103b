"""The last stage on the golden shop: a mail with its address, a report, a release; nothing when a rule is broken."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipelines import context, query, stages
from pipelines.errors import DataError
from pipelines.lakehouse.expectations import ERROR, at_least
from pipelines.lakehouse.table import Table
from pipelines.publish.release import Published
from pipelines.publish.suite import Rule, suite_of
from pipelines.settings import Settings
from tests.days import DAYS

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
    assert [mail["to"] for mail in mails] == [{"email": "anna@example.com"}]
    assert mails[0]["campaign"] == "receipt_mail/2024-03-03"
    assert "anna@example.com" not in (folder / "report.html").read_text(encoding="utf-8")
    pointer = json.loads((Path(settings.exports.root) / "LATEST.json").read_text(encoding="utf-8"))
    assert pointer["release_id"] == first.release_id
    again = publish(spark, settings)
    assert (again.release_id, again.files) == (first.release_id, None)
    released = query.select(settings.lake.root, "select release_id from audit.releases").to_pylist()
    assert released == [{"release_id": first.release_id}]
    pinned = query.select(settings.lake.root, "select count(*) as n from gold.send_list", release="latest")
    assert pinned.to_pylist()[0]["n"] > 0


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
