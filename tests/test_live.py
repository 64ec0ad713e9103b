"""Continuous mode answers a receipt with a list of its own; the date's release lists the rest, and nobody twice."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipelines import live, sending
from pipelines.context import Skipped, at_close
from pipelines.continuous import Continuous
from pipelines.flow import FLOW
from pipelines.gold import send_decisions, trigger_candidates
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.lease import lease
from pipelines.publish import live_lists
from pipelines.settings import Settings
from tests.conftest import shop_settings
from tests.days import DAYS, Said, run_day

pytestmark = pytest.mark.spark

NOON = datetime(2024, 3, 4, 1, tzinfo=UTC)
"""While the last date's books are open."""
RAISED = "receipt_mail/S1/T1/6/2024-03-03"
"""The one candidate of that date that passes all gates."""


def listed(settings: Settings) -> dict[str, list[str]]:
    """The send keys of every list below the exports, by its path."""
    root = Path(settings.exports.root)
    lists = sorted(
        path for path in root.rglob("*.jsonl") if path.name == "send_list.jsonl" or "decided" in path.name
    )
    keys = {
        str(path.relative_to(root)): [
            json.loads(line)["send_key"] for line in path.read_text("utf-8").splitlines()
        ]
        for path in lists
    }
    return keys


def sent(spark: SparkSession, settings: Settings) -> list[str]:
    """What the journal sends on the last date."""
    rows = Lake(spark, settings.lake.root).read(send_decisions.TABLE)
    return [
        row["send_key"] for row in rows.where(f"decided_on = DATE'{DAYS[-1]}' AND outcome = 'sent'").collect()
    ]


def test_what_a_decision_is_made_of_and_nothing_else_is_kept_up() -> None:
    names = [step.table.name for step in live.NEEDED]
    assert names[-1] == send_decisions.TABLE.name
    assert trigger_candidates.TABLE.name in names
    assert not {"gold.attribution", "gold.kpi_daily", "gold.segments", "gold.journeys"} & set(names)
    assert len(names) < len(FLOW) / 2


def test_a_receipt_is_answered_at_once_and_nobody_twice(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill between decision and list is made good, and the date's own run adds nothing to whom was written."""
    shop, said = shop_settings(tmp_path, "triggers.live=[receipt_mail]"), Said()
    key = hashlib.sha256(RAISED.encode()).hexdigest()[:32]

    def killed(*_: Any) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(live_lists, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            Continuous(spark, shop, said).round(NOON, Event())
    assert sent(spark, shop) == [key]
    assert listed(shop) == {}, "decided, and not listed"
    assert Continuous(spark, shop, said).round(NOON.replace(minute=5), Event())
    assert listed(shop) == {"live/as_of=2024-03-03/decided=20240304T010000.000000Z.jsonl": [key]}
    assert any("listed 1 messages" in line for line in said.lines)
    (message,) = sending.released(shop, DAYS[-1])
    assert (message.send_key, message.campaign) == (key, "receipt_mail/2024-03-03")
    assert message.send_at >= NOON, "no message goes before it is decided"

    run_day(spark, shop, DAYS[-1], ("build", "score", "publish"))
    assert sent(spark, shop) == [key]
    lists = listed(shop)
    assert len(lists) == 2
    assert [each for keys in lists.values() for each in keys] == [key], (
        "a release lists what is not listed yet"
    )
    assert [each.send_key for each in sending.released(shop, None)] == [key]
    for day, why in (
        (DAYS[-1], "2024-03-03 was released: nothing more is decided for it"),
        (date(2024, 3, 5), "nothing is decided for 2024-03-05 before 2024-03-04 is released"),
    ):
        assert live.answer(at_close(spark, shop, day, lambda _: None), NOON) == Skipped(why)
    tomorrow = at_close(spark, shop, date(2024, 3, 4), lambda _: None)
    with lease(shop.lake.root, "score", "a run"):
        skipped = live.answer(tomorrow, NOON)
    assert isinstance(skipped, Skipped)
    assert "is being written by run a run" in skipped.why
