"""A killed stage is measured from where it began, growth names what bends, and the pages show both."""

from __future__ import annotations

import doctest
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benchmarks import __main__ as bench
from benchmarks import chart, day_on_history, history, retailer, staged
from benchmarks.page import page

COST: dict[str, Any] = {
    "seconds": 10.0,
    "peak_bytes": 1 << 30,
    "written_bytes": 5 << 20,
    "ended": "",
    "tables": {"gold.customer_totals": 2.0, "gold.kpi_daily": 0.5},
}


@pytest.mark.parametrize("module", [chart, day_on_history, staged], ids=lambda module: module.__name__)
def test_the_examples_in_docstrings_hold(module: ModuleType) -> None:
    outcome = doctest.testmod(module)
    assert outcome.attempted
    assert not outcome.failed


def test_a_stage_that_was_killed_begins_where_it_began(tmp_path: Path) -> None:
    place = tmp_path / "place"
    staged.as_it_stood(place, "ingest")
    (place / "ingested.parquet").write_bytes(b"1")
    (place / "log.json").write_text("ingested")
    staged.as_it_stood(place, "refine")
    (place / "half").write_text("of what refine makes")
    (place / "log.json").write_text("refining")
    staged.as_it_stood(place, "refine")
    assert {file.name for file in place.iterdir()} == {"ingested.parquet", "log.json"}
    assert (place / "log.json").read_text() == "ingested"
    staged.gone(place)
    assert list(tmp_path.iterdir()) == []


def test_a_history_goes_on_with_the_run_that_it_had_come_to(tmp_path: Path) -> None:
    ran: list[tuple[int, date]] = []

    def land(place: Path, days: Sequence[date]) -> None:
        (place / "landing").mkdir(parents=True)
        ran.append((len(days), days[-1]))

    def run(place: Path, day: date) -> None:
        if len(ran) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        history.brought(tmp_path / "there", date(2024, 3, 1), 60, land, run)
    history.brought(tmp_path / "there", date(2024, 3, 1), 60, land, run)
    assert ran == [(31, date(2024, 1, 31)), (29, date(2024, 2, 29)), (29, date(2024, 2, 29))]
    assert retailer.brought is history.brought


def test_the_first_stage_that_bends_is_the_one_that_grows_most_at_the_smallest_size() -> None:
    def rows(**seconds: float) -> dict[str, Any]:
        return {stage: {**COST, "seconds": took} for stage, took in seconds.items()}

    straight = {1: rows(refine=1.0, build=2.0), 10: rows(refine=9.0, build=21.0)}
    assert staged.first_bend(straight, 1.05) is None
    assert staged.first_bend({**straight, 100: rows(refine=200.0, build=290.0)}, 1.05) == ("refine", 100)
    ended = {**straight, 100: {"refine": {**COST, "ended": "memory"}}}
    assert staged.first_bend(ended, 1.05) == ("refine", 100)


def test_what_spark_shuffled_is_added_up_from_its_event_log(tmp_path: Path) -> None:
    def task(shuffled: int, spilled: int) -> str:
        metrics = {
            "Shuffle Write Metrics": {"Shuffle Bytes Written": shuffled},
            "Disk Bytes Spilled": spilled,
        }
        return json.dumps({"Event": "SparkListenerTaskEnd", "Task Metrics": metrics})

    (tmp_path / "log").mkdir()
    lines = [task(10, 1), json.dumps({"Event": "SparkListenerJobStart"}), task(5, 0)]
    (tmp_path / "log" / "events_1_local").write_text("\n".join(lines))
    assert staged.shuffled(tmp_path) == {"jobs": 1, "tasks": 2, "shuffled": 15, "spilled": 1}


def test_growth_is_judged_by_stage() -> None:
    spark = {"refine": {**COST, "shuffled": 3 << 20, "spilled": 0}}
    result = {
        "rows": {"sail": {"1000": {"refine": COST}, "4000": {"refine": COST}}, "spark": {"1000": spark}},
        "exponents": {"sail": {"refine": 1.2}, "spark": {}},
        "bends": {"sail": ["refine", 4000], "spark": None},
        "machine": {},
        "command": "x",
    }
    text = page({"stages_growth": result})
    assert "| growth exponent of `refine` | 1.2 | at most 1.05 | **missed** |" in text
    assert "On Sail the first stage that bends is `refine`, at 4,000 lines." in text
    assert "| spark | 1,000 | `refine` | 10 s | 1.0 GB | 5 MB | 3 MB | 0 MB |" in text


def test_a_day_on_two_years_is_held_against_one_on_a_month_and_tables_by_person_stand_apart() -> None:
    day = dict.fromkeys(day_on_history.DAILY, COST)
    result = {
        "days": dict.fromkeys(day_on_history.HISTORIES, day),
        "rebuild": {"refine": {**COST, "seconds": 2000.0}},
        "alone": day,
        "by_person": {name: day_on_history.parts(day) for name in day_on_history.HISTORIES},
        "ratio": 1.4,
        "share": 50 / 2000,
        "machine": {},
        "command": "x",
    }
    text = page({"day_on_history": result})
    assert "| a day on two years, as a multiple of one on a month | 1.4 | at most 1.3 | **missed** |" in text
    assert "| a day on a year, as a share of the year's rebuild | 0.025 | at most 0.02 | **missed** |" in text
    assert "| two years | 730 | 10.0 s | 2.5 s |" in text


def test_the_chart_is_drawn(tmp_path: Path) -> None:
    rows = {
        str(lines): {
            side: {"seconds": seconds, "ended": ""} for side, seconds in (("like", 9.0), ("peer", 3.0))
        }
        for lines in (1_000, 10_000)
    }
    drawn = chart.draw(rows, tmp_path / "chart.svg").read_text(encoding="utf-8")
    assert "the script" in drawn
    assert "receipt lines" in drawn


def test_a_quick_run_prints_sections_and_does_none_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = []

    def small() -> dict[str, Any]:
        done.append(1)
        return {"reports": {"seconds": 1.0, "cpu_seconds": 1.0, "peak_bytes": 1}, "pages": {}, "command": "x"}

    monkeypatch.setattr(bench, "SCRATCH", tmp_path)
    monkeypatch.setattr(bench, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(bench, "facts", dict)
    monkeypatch.setattr(bench, "SMALL", {"reports": small})
    bench.main(["--quick"])
    bench.main(["--quick"])
    assert capsys.readouterr().out.count("seconds for all reports") == 2
    assert done == [1]
    assert not (tmp_path / "page.md").exists()
