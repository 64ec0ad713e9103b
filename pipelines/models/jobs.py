"""The trainings of a run, in order; ALS has one of its own shape."""

from __future__ import annotations

from typing import Any

from pipelines.models.chains import job as chains
from pipelines.models.first_visit import job as first_visit
from pipelines.models.new_arrivals import job as new_arrivals
from pipelines.models.next_purchase import job as next_purchase
from pipelines.models.related import job as related
from pipelines.models.replenishment import job as replenishment
from pipelines.models.training import Job

JOBS: tuple[Job[Any, Any], ...] = (
    next_purchase.JOB,
    related.JOB,
    replenishment.JOB,
    chains.JOB,
    new_arrivals.JOB,
    first_visit.JOB,
)
