"""A load and the settings become a plan's text; the command and its page both ask here."""

from __future__ import annotations

from pipelines.plan.limits import limits
from pipelines.plan.measured import measured
from pipelines.plan.sizing import Load, planned, stages_of
from pipelines.plan.told import told
from pipelines.settings import Settings


def answer(load: Load, settings: Settings, *, hours: float, price: float | None) -> str:
    """What `tillpost plan` prints.

    Args:
        load: The retailer.
        settings: Their limits and the retention of versions count.
        hours: That a day's run may take.
        price: Of a core-hour; null: no cost is told.
    """
    of = measured()
    plan = planned(load, of, hours=hours, keep_days=settings.maintain.keep_days)
    found = limits(
        plan,
        stages_of(load, of),
        of,
        hours=hours,
        keys=settings.runner.max_touched_keys,
        pairs=settings.als.driver_rows,
    )
    return told(plan, found, of, price)
