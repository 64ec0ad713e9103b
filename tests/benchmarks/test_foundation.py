"""What the benchmarks compute around the commands they time; no command is run here."""

from __future__ import annotations

import doctest
import gzip
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benchmarks import __main__ as bench
from benchmarks import continuous, foundation, machine, page, processes, reconcile
from benchmarks.reconcile import Place
from pipelines.settings import load

MACHINE = {"date": "2026-11-22", "memory": "8 GB"}
COST = {
    "seconds": 200.04,
    "peak_bytes": 3 << 30,
    "jvm_bytes": 2 << 30,
    "stages": {"land": 20.0, "ingest": 60.5, "train": 15.0, "score": 5.0},
    "cpu_seconds": 300.0,
}
DEMO = {"demo": COST, "command": "tillpost demo", "machine": MACHINE}
DAY = {
    "next": {**COST, "seconds": 91.0},
    "next_moved": ["gold.kpi_daily", "silver.receipts"],
    "again": {**COST, "seconds": 12.0},
    "again_moved": [],
    "tables": 36,
    "command": "tillpost run",
    "machine": MACHINE,
}
KEPT = [Place("`quarantine.receipt_lines`", 1, None), Place("duplicates, by `audit.runs`", 2, None)]


@pytest.mark.parametrize("module", [continuous, foundation, processes], ids=lambda module: module.__name__)
def test_the_examples_in_docstrings_hold(module: ModuleType) -> None:
    outcome = doctest.testmod(module)
    assert outcome.attempted
    assert not outcome.failed


def test_a_missed_goal_and_a_moved_version_are_shown_in_bold() -> None:
    text = page.page({"demo": DEMO, "day": DAY})
    assert "| `tillpost demo` from a clean lake | 200 s | 360 s | met | 3.0 GB, 2.0 of it the JVM |" in text
    assert "| of it: all seven models, trained and scored | 20 s | 720 s | met |" in text
    assert "| score | 5.0 s |\n| starting and showing | 99.5 s |" in text
    assert "91 s | 90 s | **missed** |" in text
    assert "Of 36 tables the next day gave a new version to 2; the same day again to none." in text
    assert "**the same day again to gold.kpi_daily.**" in page.page(
        {"day": {**DAY, "again_moved": ["gold.kpi_daily"]}}
    )


def test_the_slowest_receipt_in_a_hundred_is_held_against_the_minute() -> None:
    result = {
        "receipts": 3000,
        "p50": 9.1,
        "p99": 61.0,
        "longest": 62.5,
        "cycles": 20,
        "peak_bytes": 3 << 30,
        "jvm_bytes": 2 << 30,
        "command": "python -m benchmarks --only continuous",
        "machine": MACHINE,
    }
    assert "| 99 of 100 | 61.0 s | 60 s | **missed** |" in page.page({"continuous": result})
    assert "| 99 of 100 | 12.0 s | 60 s | met |" in page.page({"continuous": {**result, "p99": 12.0}})


def test_landing_is_shown_beside_its_peer_and_held_against_its_goals() -> None:
    sizes = [
        {"events": events, "tillpost": {**COST, "seconds": ours}, "duckdb": {**COST, "seconds": theirs}}
        for events, ours, theirs in ((1_000_000, 40.0, 4.0), (16_000_000, 200.0, 40.0))
    ]
    result = {"rows": sizes, "exponent": 0.58, "command": "x", "machine": MACHINE}
    text = page.page({"landing": result})
    assert "| 16,000,000 | 200 s | 80,000 | 3.0 GB | 40.0 s | 5.0 | 300 s, 300 s |" in text
    assert "| growth exponent | 0.58 | 1.05 | met |" in text
    assert "| times DuckDB's seconds, largest size | 5.0 | 4.0 | **missed** |" in text


def test_a_day_on_a_year_is_held_against_a_day_on_a_month() -> None:
    cost = {**COST, "stages": {"ingest": 30.0, "refine": 90.0}, "tables": {"silver.receipts": 1.25}}
    result = {
        "whole": cost,
        "month": cost,
        "year": cost,
        "ratios": {"seconds": 1.3, "cpu_seconds": 1.1},
        "command": "x",
        "machine": MACHINE,
    }
    text = page.page({"retailer": result})
    assert "| the whole day, on nothing | 30 s | 90 s | 3.3 min | 3.0 GB |" in text
    assert "| 1.30 | 1.2 | **missed** |" in text
    assert "| `silver.receipts` | 1.2 | 1.2 |" in text


def test_a_part_that_was_not_measured_has_no_section() -> None:
    assert "next day" not in page.page({"demo": DEMO})


def test_lines_and_cents_add_up_or_do_not() -> None:
    places = [
        Place("source", 10, 700),
        Place("landing files", 10, 700),
        Place("`silver.receipt_lines`", 7, 700),
        *KEPT,
    ]
    assert reconcile.reconciled(places)
    assert not reconcile.reconciled([*places, Place("`gold.kpi_daily`", None, 701)])
    assert not reconcile.reconciled([Place("source", 11, 700), *places[1:]])
    assert not reconcile.reconciled([*places[:2], Place("`silver.receipt_lines`", 6, 700), *KEPT])


def test_landing_files_are_counted_in_cents(tmp_path: Path) -> None:
    folder = tmp_path / "receipts" / "arrived=20240302T003000Z"
    folder.mkdir(parents=True)
    record = b'{"lines": [{"net_amount": 0.10}, {"net_amount": 0.20}]}\n'
    (folder / "one.jsonl").write_bytes(record)
    (folder / "two.jsonl.gz").write_bytes(gzip.compress(record + b'{"lines": [{"net_amount": 19.99}]}\n'))
    assert reconcile.landed(tmp_path) == Place("landing files", 5, 2059)


def test_every_place_that_a_run_writes_is_under_the_scratch_folder() -> None:
    settings = load(sets=foundation.sets(foundation.SCRATCH / "demo"))
    written = (
        settings.lake.root,
        settings.landing.root,
        settings.exports.root,
        settings.vault.key_file,
        settings.tracking.uri.removeprefix("sqlite:///"),
        settings.tracking.artifacts,
    )
    assert all(Path(place).is_relative_to("data/bench") for place in written)


def test_a_process_is_weighed_with_its_children() -> None:
    held = 64 << 20
    code = f"import time; held = b'x' * {held}; print('there', flush=True); time.sleep(60)"
    shell = f'"{sys.executable}" -c "{code}"; true'
    with subprocess.Popen(["sh", "-c", shell], stdout=subprocess.PIPE, start_new_session=True) as process:
        scale = processes.Scale(process.pid)
        assert process.stdout is not None
        process.stdout.readline()
        weighed = scale._weigh()
        os.killpg(process.pid, 9)
    assert sum(weighed.values()) > held


def test_the_machine_is_described_without_its_name() -> None:
    facts = machine.facts()
    assert {"date", "processor", "memory", "versions", "code"} <= facts.keys()
    assert os.uname().nodename not in " ".join(facts.values())


def test_a_part_measured_alone_leaves_the_others_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def part(result: dict[str, Any]) -> Any:
        return lambda: {key: value for key, value in result.items() if key != "machine"}

    monkeypatch.setattr(bench, "PAGE", tmp_path / "benchmarks.md")
    monkeypatch.setattr(bench, "facts", lambda: MACHINE)
    monkeypatch.setattr(bench, "PARTS", {"demo": part(DEMO), "day": part(DAY)})
    bench.main(["--only", "demo"])
    bench.main(["--only", "day"])
    bench.main(["--only", "demo"])
    text = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    assert "from a clean lake" in text
    assert "on top of the year" in text
    assert text == page.page({"demo": DEMO, "day": DAY})
    assert capsys.readouterr().out.endswith(text + "\n")
