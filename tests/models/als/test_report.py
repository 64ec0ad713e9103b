from __future__ import annotations

from pathlib import Path

from pipelines.models.als.evaluate import Interval, Quality
from pipelines.models.als.report import metrics, read_comparison, write_comparison

COMPARISON = [
    Quality("new", "als", Interval(0.1 + 0.2, 0.1, 0.5), Interval(1 / 3, 0.2, 0.4), 7),
    Quality("all", "personal frequency", Interval(0.25, 0.2, 0.3), Interval(0.1, 0.05, 0.15), 9),
]


def test_the_table_is_read_back_digit_for_digit_and_the_chart_is_a_png(tmp_path: Path) -> None:
    write_comparison(COMPARISON, tmp_path)
    assert read_comparison(tmp_path) == COMPARISON
    assert (tmp_path / "comparison.png").read_bytes().startswith(b"\x89PNG")


def test_metrics_have_flat_names() -> None:
    flat = metrics(COMPARISON)
    assert flat["new.als.ndcg_at_10"] == 0.1 + 0.2
    assert flat["all.personal_frequency.recall_at_10_high"] == 0.15
    assert len(flat) == 12
