"""A release while the next one is made, and back to it: a reader sees one whole release, never a mixture."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipelines import context, query, stages
from pipelines.context import MADE_BY_RUNS
from pipelines.errors import DataError, UsageError
from pipelines.lakehouse import audit
from pipelines.publish.release import POINTER
from pipelines.rollback import rollback
from pipelines.settings import Settings
from tests.conftest import copy_of
from tests.days import DAYS, contents, land, run_day, versions

pytestmark = pytest.mark.spark

GOLD = tuple(table for table in MADE_BY_RUNS if table.layer == "gold")
QUESTION = """
    select (select sum(net_revenue) from gold.kpi_daily) as told,
           (select sum(net_amount) from silver.receipt_lines) as sold,
           (select count(*) from gold.send_list) as goods
"""


@dataclass(frozen=True)
class Two:
    """Two releases of one day, the second with a late receipt, and what was seen while it was made."""

    settings: Settings
    ids: tuple[str, str]
    answers: tuple[dict[str, Any], dict[str, Any]]
    gold: tuple[dict[str, list[str]], dict[str, list[str]]]
    seen: list[dict[str, Any]]
    unpinned: dict[str, Any]


def ask(settings: Settings, release: str | None) -> dict[str, Any]:
    (row,) = query.select(settings.lake.root, QUESTION, release).to_pylist()
    return dict(row)


@contextmanager
def reading(settings: Settings, seen: list[dict[str, Any]]) -> Iterator[None]:
    """Somebody who asks for the latest release again and again."""
    done = Event()

    def read() -> None:
        while not done.wait(0.2):
            seen.append(ask(settings, "latest"))

    reader = Thread(target=read)
    reader.start()
    try:
        yield
    finally:
        done.set()
        reader.join()


def publish(spark: SparkSession, settings: Settings) -> str:
    with context.within(spark, settings, DAYS[-1], lambda _: None) as run:
        return stages.publish(run).release_id


@pytest.fixture(scope="module")
def two(
    spark: SparkSession, settled_shop: Callable[[], Settings], tmp_path_factory: pytest.TempPathFactory
) -> Two:
    settings = copy_of(settled_shop(), tmp_path_factory.mktemp("releases"))
    first = publish(spark, settings)
    answers, gold = [ask(settings, "latest")], [contents(settings, GOLD)]
    late = {
        "receipt_no": "79",
        "store_id": "S1",
        "purchased_at": "2024-03-03T15:00:00Z",
        "loyalty_card": "C1",
        "lines": [{"product_id": "milk", "quantity": 5, "net_amount": 6.00}],
    }
    land(settings, "receipts", "20240304T010000Z", "late.jsonl", json.dumps(late) + "\n")
    seen: list[dict[str, Any]] = []
    with reading(settings, seen):
        run_day(spark, settings, DAYS[-1])
        unpinned = ask(settings, None)
        second = publish(spark, settings)
    answers.append(ask(settings, "latest"))
    gold.append(contents(settings, GOLD))
    return Two(settings, (first, second), (answers[0], answers[1]), (gold[0], gold[1]), seen, unpinned)


def test_a_reader_sees_the_old_release_or_the_new_one(two: Two) -> None:
    old, new = two.answers
    assert old != new
    assert len(two.seen) > 3
    assert two.seen[0] == old
    assert all(answer in (old, new) for answer in two.seen)
    assert two.unpinned != old, "control: who does not name a release sees tables as they are being made"


def test_back_to_the_first_release_and_on_again(spark: SparkSession, two: Two) -> None:
    """Last in this module, since it changes the lake."""
    settings, (first, second) = two.settings, two.ids
    rollback(spark, settings, first)
    assert contents(settings, GOLD) == two.gold[0]
    assert ask(settings, "latest") == two.answers[0]
    assert ask(settings, second) == two.answers[1], "the later release can still be read by its name"
    pointer = json.loads(Path(settings.exports.root, POINTER).read_text(encoding="utf-8"))
    assert pointer["release_id"] == first
    before = versions(settings, (*GOLD, audit.TABLE))
    rollback(spark, settings, first)
    assert versions(settings, (*GOLD, audit.TABLE)) == before, "done twice is done once"
    run_day(spark, settings, DAYS[-1])
    assert contents(settings, GOLD) == two.gold[1]


def test_a_release_that_is_not_there(spark: SparkSession, two: Two) -> None:
    with pytest.raises(UsageError, match="no release 'none'"):
        rollback(spark, two.settings, "none")


def test_an_audit_that_fails_publishes_nothing(
    spark: SparkSession,
    settled_shop: Callable[[], Settings],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = copy_of(settled_shop(), tmp_path)

    def failing(*_: object) -> None:
        raise DataError("audit.runs cannot be written", remedy="Look at it.")

    monkeypatch.setattr(audit, "record", failing)
    with pytest.raises(DataError, match="cannot be written"):
        publish(spark, settings)
    assert not list(Path(settings.exports.root).glob("as_of=*"))
