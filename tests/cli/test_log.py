"""What a job says for a log collector: a line of JSON for each stage's begin and end, and for each table."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipelines.cli.closing import Closing
from pipelines.cli.days import work
from pipelines.cli.failures import guarded
from pipelines.cli.log import Log
from pipelines.continuous import Continuous
from pipelines.lakehouse.mark import Counts
from pipelines.run import Outcome
from pipelines.settings import Settings
from tests.conftest import shop_settings
from tests.days import DAYS, land

COUNTS = Counts(received=7, accepted=4, refused=1, duplicates=2)


def lines(said: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.splitlines()]


def test_a_stage_and_its_tables_are_lines_of_one_run(capsys: pytest.CaptureFixture[str]) -> None:
    log = Log(Closing("run"))
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
        with Log(Closing("run")).stage("refine", total=1):
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
    records = next(line["rows"] for line in told if line.get("table") == "bronze.receipts")
    assert records == {
        "received": receipts["received"],
        "accepted": receipts["received"],
        "refused": 0,
        "duplicates": 0,
    }
    landed = " ".join(file.read_text(errors="ignore") for file in Path(shop.landing.root).rglob("*.jsonl"))
    contacts = set(re.findall(r"[\w.]+@[\w.]+|\+1[ \d-]{9,}", landed))
    assert len(contacts) > 1, "control: the day's files have contacts"
    secrets = [str(value) for value in json.loads(Path(shop.vault.key_file).read_text()).values()]
    assert [word for word in (*contacts, *secrets) if len(word) > 6 and word in said] == []


@pytest.mark.spark
def test_a_living_process_speaks_the_same(
    spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each cycle is a run; the line that a person reads of it is among them, and the closing counts its tables."""
    closing = Closing("ingest")
    shop = shop_settings(tmp_path, feeds={"stores"})
    process = Continuous(spark, shop, Log(closing))
    for day, city in ((4, "Bern"), (5, "Lugano")):
        store = json.dumps({"store_id": f"S{day}", "name": city, "city": city})
        land(shop, "stores", f"2024030{day}T010000Z", "stores.jsonl", store + "\n")
        assert process.round(datetime(2024, 3, day, 7, tzinfo=UTC), Event())
    told = lines(capsys.readouterr().out)
    assert len({line["run_id"] for line in told}) == 2
    assert sorted({line["as_of"] for line in told}) == ["2024-03-03", "2024-03-04"]
    stages = [(line["event"], line["stage"]) for line in told if line["event"].startswith("stage")]
    assert stages == 2 * [
        (event, stage) for stage in ("ingest", "refine") for event in ("stage_began", "stage_ended")
    ]
    assert [line["event"] for line in told if " UTC, " in line.get("text", "")] == ["said", "said"]
    (last,) = [
        line["rows"]["received"]
        for line in told
        if line.get("table") == "bronze.stores" and line["as_of"] == "2024-03-04"
    ]
    assert last == 1
    written = [line for line in told if line["event"] == "table" and line["rows"] is not None]
    assert closing.tables["written"] == len(written) > 0
