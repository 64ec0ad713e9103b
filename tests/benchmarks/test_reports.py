"""The section on reports tells each page and whether the goal is met."""

from __future__ import annotations

from benchmarks.page import page
from pipelines import reporting


def test_the_seconds_of_all_pages_are_held_against_the_goal() -> None:
    result = {
        "reports": {"seconds": 130.0, "cpu_seconds": 150.0, "peak_bytes": 2**31},
        "pages": dict.fromkeys(("report", *reporting.PAGES), 12.5),
        "machine": {},
        "command": "python -m benchmarks --only reports",
    }
    text = page({"reports": result})
    assert "| seconds for all reports | 130 | at most 120 | **missed** |" in text
    assert "| `experiments.html` | 12.5 s |" in text
    assert "Peak memory 2.0 GB" in text
