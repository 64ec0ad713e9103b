"""What a job says for a log collector: a line of JSON for each stage's begin and end, and for each table."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipelines.cli.closing import Closing
from pipelines.cli.days import work
from pipelines.cli.failures import guarded
from pipelines.cli.log import Log
from pipelines.lakehouse.mark import Counts
from pipelines.run import Outcome
from pipelines.settings import Settings
from tests.days import DAYS

COUNTS = Counts(received=7, accepted=4, refused=1, duplicates=2)


def lines(said: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.splitlines()]


def test_a_stage_and_its_tables_are_lines_of_one_run(capsys: pytest.CaptureFixture[str]) -> None:
    log = Log()
    log.begin("20240304T060102Z-1f00aa", date(2024, 3, 3))
    with log.stage("refine", total=2):
        log.tell(Outcome("silver.receipts", 4, COUNTS, 3.14, "batch 3"))
        log.tell(Outcome("silver.weather", -1, None, 0.01, "nothing arrived"))
    began, receipts, weather, ended = lines(capsys.readouterr().out)
    for line in (began, receipts, weather, ended):
        assert (line["run_id"], line["as_of"]) == ("20240304T060102Z-1f00aa", "2024-03-03")
        assert line["stage"] == "refine"
    assert (began["event"], ended["event"], ended["outcome"]) == ("stage_began", "stage_ended", "done")
    assert (receipts["table"], receipts["mode"], receipts["version"]) == ("silver.receipts", "batch 3", 4)
    assert receipts["seconds"] == 3.1
    assert receipts["rows"] == {"received": 7, "accepted": 4, "refused": 1, "duplicates": 2}
    assert (weather["version"], weather["rows"]) == (None, None)


def test_a_stage_that_fails_ends_with_the_errors_class_and_not_its_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def failing() -> None:
        with Log().stage("refine", total=1):
            raise ValueError("anna@example.com")

    with pytest.raises(ValueError, match="anna"):
        failing()
    said = capsys.readouterr().out
    assert lines(said)[-1]["outcome"] == "ValueError"
    assert "anna" not in said


@pytest.mark.spark
def test_a_days_log_has_every_table_once_and_no_identifier(
    spark: SparkSession, shop: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    closing = Closing("run")
    assert guarded(lambda: work(shop, [DAYS[-1]], ("ingest", "refine")), closing) == 0
    said = capsys.readouterr().out
    *told, last = lines(said)
    assert last["tillpost"] == "closing/1"
    assert {line["run_id"] for line in told} == set(closing.runs)
    assert [(line["event"], line["stage"]) for line in told if line["event"].startswith("stage")] == [
        (event, stage) for stage in ("ingest", "refine") for event in ("stage_began", "stage_ended")
    ]
    tables = [line["table"] for line in told if line["event"] == "table"]
    assert sorted(tables) == sorted(set(tables))
    receipts = next(line["rows"] for line in told if line.get("table") == "silver.receipts")
    assert receipts["received"] == sum(receipts[name] for name in ("accepted", "refused", "duplicates")) > 0
    assert receipts["refused"] > 0
    landed = " ".join(file.read_text(errors="ignore") for file in Path(shop.landing.root).rglob("*.jsonl"))
    contacts = set(re.findall(r"[\w.]+@[\w.]+|\+1[ \d-]{9,}", landed))
    assert len(contacts) > 1, "control: the day's files have contacts"
    secrets = [str(value) for value in json.loads(Path(shop.vault.key_file).read_text()).values()]
    assert [word for word in (*contacts, *secrets) if len(word) > 6 and word in said] == []
