"""What `chains` brings to its training: everybody's purchases, sizes and types of goods, and children's birth days."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import functions as F

from pipelines.models import chances
from pipelines.models.calibration import calibration, draw
from pipelines.models.chains import catalogue, served
from pipelines.models.chains.evaluate import OURS, came, foreseen
from pipelines.models.chains.features import birth_days
from pipelines.models.chains.train import ChainParams, learn
from pipelines.models.days import INPUTS, PERSONS, PRODUCTS, days_of
from pipelines.models.gate import Measured
from pipelines.models.kept import write
from pipelines.models.lines import Lines, of_days
from pipelines.models.training import Compared, Job, Reads

CUSTOMERS = "silver.customers"


@dataclass(frozen=True)
class Bought:
    """Days of purchase, the goods' states, and of each person the child's birth day (NaN: not known)."""

    lines: Lines
    states: pa.Table
    births: NDArray[np.float64]


@contextmanager
def _collected(reads: Reads, end: date, never_offered: Sequence[str], _: ChainParams) -> Iterator[Bought]:
    lines = of_days(days_of(reads, end, never_offered), as_of=end)
    born = catalogue.births(reads[CUSTOMERS].frame, reads[PERSONS].frame, as_of=end - timedelta(days=1))
    states = catalogue.states(reads[PRODUCTS].frame).toArrow()
    asked = born.sparkSession.createDataFrame(pa.table({"person_id": lines.customer_ids}))
    theirs = born.join(
        F.broadcast(asked), on="person_id", how="left_semi"
    )  # of so many people as `days_of` gives
    known = theirs.withColumnRenamed("person_id", "customer_id").toArrow()
    yield Bought(lines, states, birth_days(lines.customer_ids, known))


def compared(bought: Bought, params: ChainParams, split: date, end: date) -> Compared:
    """How well a fit on the days before `split` foresees who takes which step until `end`."""
    before, days = bought.lines.before(split), (end - split).days
    learned, been = learn(before, bought.states, bought.births, params)
    steps = learned.steps(been, bought.births, clock=before.as_of_day, within_days=days)
    taken = came(steps, learned, bought.lines.before(end))
    given = foreseen(steps, learned, been, before.as_of_day, days)
    person = steps["customer"].to_numpy()
    skills = {name: chances.skill(chance, taken, person) for name, chance in given.items()}
    return Compared(
        {name: Measured({"explore": of}) for name, of in skills.items()},
        chances.table(given, skills, taken, OURS),
        partial(draw, calibration(given[OURS], taken)),
    )


def _learned(bought: Bought, params: ChainParams, end: date) -> Callable[[Path], None]:
    learned, _ = learn(bought.lines.before(end), bought.states, bought.births, params)
    return partial(write, learned)


JOB = Job(served.NAME, (*INPUTS, CUSTOMERS), ChainParams, served, _collected, compared, _learned)
