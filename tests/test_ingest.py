"""Which sources a run has work with."""

from __future__ import annotations

from pipelines.ingest import Plan, at_work
from pipelines.landing.sources import SOURCES


def test_a_source_that_never_sent_a_file_costs_nothing() -> None:
    assert [source.name for source in at_work(SOURCES, Plan(1, {"receipts": 1}, ()))] == ["receipts"]
    names = {source.name for source in at_work(SOURCES, Plan(2, {"receipts": 1, "channel_costs": 2}, ()))}
    assert names == {"receipts", "channel_costs"}
