"""The figures in `docs/volumes.md` and in the ADR on the clock are those that their command prints."""

from __future__ import annotations

from pathlib import Path

from benchmarks.volumes import demo_tables, zone_table


def test_the_volume_sheet_holds_the_counted_tables() -> None:
    sheet = Path("docs/volumes.md").read_text(encoding="utf-8")
    assert [table for table in demo_tables() if table not in sheet] == []


def test_the_decision_on_the_clock_holds_its_evidence() -> None:
    decision = Path("docs/adr/0010-the-clock-of-the-complete-journey.md").read_text(encoding="utf-8")
    assert zone_table() in decision
