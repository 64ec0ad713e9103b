"""What the benchmarks keep of a run, and the file that a plan reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks import costs_page
from benchmarks.page import _met, table
from benchmarks.plan_points import record
from benchmarks.staged import logged
from pipelines.plan.measured import measured
from pipelines.settings import load


def point(lines: int, cpu: float, **more: int) -> dict[str, Any]:
    spent = {"seconds": cpu, "cpu_seconds": cpu, "peak_bytes": 1, "bytes_stored": 1}
    return {"stage": "build", "lines": lines, "events": 0, "people": 1, **spent, **more}


def test_the_setting_that_asks_for_a_log_is_one_that_the_settings_know(tmp_path: Path) -> None:
    conf = load(sets=logged(tmp_path / "events")).spark.conf
    assert conf["spark.eventLog.dir"] == (tmp_path / "events").as_uri()
    assert (tmp_path / "events").is_dir()


def test_a_point_replaces_that_of_its_world_and_the_rest_stays(tmp_path: Path) -> None:
    file = tmp_path / "measured.json"
    spark = {"rows": 1, "cpu_seconds": 4, "sail_cpu_seconds": 2, "shuffle_bytes": 1, "jobs": 1}
    record(file, points=[point(1, 1.0), point(2, 2.0)], spark=spark)
    record(file, points=[point(2, 3.0), point(2, 9.0, standing_lines=5)], skew={"tiny files": 1.5})
    found = measured(file)
    assert [(p.lines, p.standing_lines, p.cpu_seconds) for p in found.points] == [
        (1, 0, 1),
        (2, 0, 3),
        (2, 5, 9),
    ]
    assert (found.factor, found.skewed) == (2, 1.5)


def test_the_worst_trap_and_the_largest_memory_are_held_against_the_goals() -> None:
    even = {"stages": {"ingest": 4.0, "refine": 6.0}, "cpu": {}, "peak_bytes": 2**30}
    traps = {
        "tiny files": {**even, "beside": "even", "rows": 10, "ratio": 2.5, "cpu_ratio": 1.0},
        "one file": {
            **even,
            "peak_bytes": 9 * 2**30,
            "beside": "even",
            "rows": 10,
            "ratio": 1.0,
            "cpu_ratio": 1.0,
        },
    }
    result = {
        "traps": traps,
        "even": {"even": even},
        "stages": ["ingest", "refine"],
        "goals": {"ratio": 2.0, "gigabytes": 8.0},
    }
    _, _, judged, shown = costs_page.skew_section(result, table=table, met=_met)
    assert "tiny files | 2.5 | at most 2 | **missed**" in judged
    assert "largest | 9 | at most 8 | **missed**" in judged
    assert "| one file | 10 | 4 -> 4 s | 6 -> 6 s | 1.00 | 1.00 | 9.0 GB |" in shown
