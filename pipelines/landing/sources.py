"""Every source, in one tuple: what `ingest` looks for under the landing root."""

from __future__ import annotations

from pipelines.landing import (
    assignments,
    campaigns,
    channel_costs,
    customers,
    engagement,
    identity_decisions,
    identity_events,
    locations,
    offers,
    orders,
    products,
    promotions,
    receipts,
    stores,
    weather,
    web_events,
)
from pipelines.landing.contract import Source

SOURCES: tuple[Source, ...] = (
    receipts.SOURCE,
    products.SOURCE,
    stores.SOURCE,
    customers.SOURCE,
    campaigns.SOURCE,
    engagement.SOURCE,
    web_events.SOURCE,
    orders.SOURCE,
    offers.SOURCE,
    promotions.SOURCE,
    channel_costs.SOURCE,
    weather.SOURCE,
    locations.SOURCE,
    identity_decisions.SOURCE,
    identity_events.SOURCE,
    assignments.SOURCE,
)
