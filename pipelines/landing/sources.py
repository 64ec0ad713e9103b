"""Every source, in one tuple: what `ingest` looks for under the landing root."""

from __future__ import annotations

from pipelines.landing import campaigns, customers, engagement, products, receipts, stores
from pipelines.landing.contract import Source

SOURCES: tuple[Source, ...] = (
    receipts.SOURCE,
    products.SOURCE,
    stores.SOURCE,
    customers.SOURCE,
    campaigns.SOURCE,
    engagement.SOURCE,
)
