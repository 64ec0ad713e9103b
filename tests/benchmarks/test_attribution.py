"""What the benchmark of attribution computes around the calls it times."""

from __future__ import annotations

import pytest

from benchmarks import attribution, page
from pipelines.calc.attribution import attribute

RESULT = {
    "paths": 1_000_000,
    "channels": 200,
    "peer": 41.0,
    "pandas_first": 2.4,
    "pandas": 2.0,
    "first": 12.0,
    "again": 4.1,
    "off": 1e-15,
    "growth": [(10_000_000, 10.0), (100_000_000, 200.0)],
    "command": "python -m benchmarks --only attribution",
    "machine": {"date": "2026-11-22"},
}


def test_the_distance_is_that_of_the_worst_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attribution, "CHANNELS", 12)
    table = attribution.paths(2_000)
    rows = attribute(table.to_pandas(), "markov").itertuples()
    found = {row.channel: row.removal_effect for row in rows}
    assert attribution.distance(table, found) < 1e-12
    one = min(found)
    assert attribution.distance(table, {**found, one: found[one] + 0.25}) == pytest.approx(0.25)


def test_the_page_says_what_was_met_and_what_was_not() -> None:
    text = page.page({"attribution": RESULT})
    assert "| times faster than the peer, from a frame of pandas | 20 | 20 | met |" in text
    assert "| times faster than the peer, from a frame of Sail | 10 | 20 | **missed** |" in text
    assert "| largest distance from a dense solve | 1.0e-15 | 1e-9 | met |" in text
    assert "| growth exponent | 1.30 | 1.1 | **missed** |" in text
    assert "times faster" not in page.page({"attribution": {**RESULT, "peer": None}})
