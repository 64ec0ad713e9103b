"""The map of the house: every table, in an order in which each finds its inputs made.

Tables of one stage that do not read each other are built at the same time. `tests/contracts/` holds that
every table module is listed here, that inputs come earlier, and that layers read only from below.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame

from pipelines.gold import (
    attribution,
    attribution_chains,
    attribution_channels,
    catalogue_terms,
    consents,
    customer_360,
    customer_master_quality,
    customer_totals,
    experiment_results,
    golden_records,
    interest_days,
    interest_profiles,
    journeys,
    kpi_daily,
    kpi_monthly,
    lifetime_models,
    loyalty_events,
    loyalty_expiries,
    loyalty_ledger,
    product_days,
    purchase_days,
    purchases,
    recommendations,
    replenishment,
    segment_members,
    segments,
    send_decisions,
    send_list,
    session_interests,
    touchpoints,
    trigger_candidates,
)
from pipelines.identity import Resolution
from pipelines.lakehouse.table import Table
from pipelines.silver import (
    assignments,
    campaigns,
    channel_costs,
    customers,
    engagement,
    identifier_edges,
    identity_changes,
    identity_decisions,
    identity_events,
    identity_rejected_edges,
    locations,
    machine_events,
    offers,
    order_lines,
    orders,
    person_identifiers,
    products,
    promotions,
    receipt_lines,
    receipts,
    sessions,
    stock,
    stores,
    weather,
    web_events,
)

Build = Callable[..., DataFrame]
Told = Callable[[Resolution], DataFrame]

STAGES = ("ingest", "refine", "build", "score", "publish")


@dataclass(frozen=True)
class Step:
    """One table and the pure function that makes it, in the stage that runs it.

    Of a table by `Components` there is `told`, too: its rows of a resolution, be it of a part of the evidence.
    """

    stage: str
    table: Table
    build: Build
    told: Told | None = None


def _steps(stage: str, *modules: Any) -> tuple[Step, ...]:
    return tuple(Step(stage, m.TABLE, m.build, getattr(m, "told", None)) for m in modules)


FLOW: tuple[Step, ...] = (
    *_steps(
        "refine",
        stores,
        receipts,
        receipt_lines,
        web_events,
        orders,
        order_lines,
        engagement,
        products,
        offers,
        stock,
        customers,
        campaigns,
        promotions,
        channel_costs,
        weather,
        locations,
        assignments,
        machine_events,
        sessions,
        identity_decisions,
        identity_events,
        identifier_edges,
        person_identifiers,
        identity_rejected_edges,
        identity_changes,
        catalogue_terms,
        interest_days,
        interest_profiles,
        session_interests,
    ),
    *_steps(
        "build",
        purchase_days,
        product_days,
        touchpoints,
        consents,
        customer_totals,
        lifetime_models,
        loyalty_events,
        loyalty_expiries,
        loyalty_ledger,
        customer_360,
        journeys,
        customer_master_quality,
        golden_records,
        kpi_daily,
        kpi_monthly,
        segment_members,
        segments,
        purchases,
        attribution,
        attribution_channels,
        attribution_chains,
        experiment_results,
    ),
    *_steps("score", replenishment, recommendations, trigger_candidates, send_decisions, send_list),
)


def of_stage(stage: str) -> tuple[Step, ...]:
    """The steps of one stage, in order."""
    return tuple(step for step in FLOW if step.stage == stage)


def step_of(name: str) -> Step | None:
    """The step that makes a table; null for one that no build makes (bronze, audit, the vault)."""
    return next((step for step in FLOW if step.table.name == name), None)
