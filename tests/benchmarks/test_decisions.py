"""The section on decisions tells what was measured, and judges it by its goals."""

from __future__ import annotations

from benchmarks.page import page


def test_the_section_tells_each_size_and_whether_the_goals_are_met() -> None:
    outcomes = {"refused": 1, "sent": 2}
    sizes = [
        {"candidates": n, "seconds": s, "cpu_seconds": 2 * s, "outcomes": outcomes}
        for n, s in ((250_000, 10.0), (1_000_000, 121.0))
    ]
    told = page({"decisions": {"sizes": sizes, "exponent": 1.05, "command": "c", "machine": {"cores": "2"}}})
    assert "| 250,000 | 10.0 | 20.0 | 1 refused, 2 sent |" in told
    assert "| seconds for the most candidates | 121 | at most 120 | **missed** |" in told
    assert "| growth exponent, of processor seconds | 1.05 | at most 1.1 | met |" in told
