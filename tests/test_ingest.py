"""Which sources a run has work with."""

from __future__ import annotations

from pipelines.ingest import Plan, at_work
from pipelines.landing.sources import SOURCES


def test_a_source_that_never_sent_a_file_and_that_nobody_reads_costs_nothing() -> None:
    """What the flow reads is always there, so that two tables never make one bronze table at once."""
    names = {source.name for source in at_work(SOURCES, Plan(1, {"receipts": 1}, ()))}
    assert {"receipts", "products", "stores", "customers", "campaigns", "engagement"} <= names
    assert "channel_costs" not in names
    names = {source.name for source in at_work(SOURCES, Plan(2, {"receipts": 1, "channel_costs": 2}, ()))}
    assert "channel_costs" in names
