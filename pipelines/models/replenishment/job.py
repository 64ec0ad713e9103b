"""What `replenishment` brings to its training: everybody's purchases, and which habits are bought again in a week.

Asked are the habits of the split, by the defaults of what one is, so that models of other parameters answer for the
same ones. The baselines are those of Bhagat et al. (`baselines`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as F

from pipelines.models import chances
from pipelines.models.calibration import calibration, draw
from pipelines.models.days import INPUTS, MAX_PERSONS, PERSONS, PRODUCT_DAYS, PRODUCTS
from pipelines.models.gate import Measured
from pipelines.models.kept import write
from pipelines.models.lines import coded, day_number
from pipelines.models.replenishment import baselines, served
from pipelines.models.replenishment.habits import Floats, Habits, Ints, habits
from pipelines.models.replenishment.learned import HORIZONS, Learned, ReplenishmentParams, guarded
from pipelines.models.replenishment.model import again, categories, learn
from pipelines.models.replenishment.score import purchases
from pipelines.models.training import Compared, Job, Reads

HORIZON = HORIZONS[0]


@dataclass(frozen=True)
class Bought:
    """Days of purchase and return of at most `MAX_PERSONS`, as they were received."""

    people: pa.Array
    things: pa.Array
    category: Ints
    person: Ints
    thing: Ints
    day: Ints
    quantity: Floats

    def until(self, end: date) -> Habits:
        """Purchases as they stood before a day: what came back later had been bought."""
        known = self.day < day_number(end)
        return habits(self.person[known], self.thing[known], self.day[known], self.quantity[known])


@contextmanager
def _collected(
    reads: Reads, end: date, never_offered: Sequence[str], _: ReplenishmentParams
) -> Iterator[Bought]:
    products = reads[PRODUCTS].frame
    days = purchases(
        reads[PRODUCT_DAYS].frame,
        reads[PERSONS].frame,
        products,
        as_of=end - timedelta(days=1),
        never_offered=never_offered,
    )
    persons = days.select("person_id").distinct().orderBy("person_id").limit(MAX_PERSONS)
    rows = days.join(F.broadcast(persons), on="person_id", how="left_semi").toArrow()
    people, person = coded(rows["person_id"])
    things, thing = coded(rows["product_id"])
    day = rows["purchased_on"].cast(pa.int32()).to_numpy().astype(np.int64)
    yield Bought(
        people, things, categories(things, products), person, thing, day, rows["quantity"].to_numpy()
    )


def _learn(bought: Bought, params: ReplenishmentParams, end: date) -> Learned:
    return learn(bought.until(end), bought.category, bought.things, as_of=end, params=params)


def _compared(bought: Bought, params: ReplenishmentParams, split: date, end: date) -> Compared:
    known, clock, asked = bought.until(split), day_number(split), ReplenishmentParams()
    habit = guarded(known, asked)
    came = again(bought.until(end), clock, HORIZON, known)[habit]
    foreseen = _learn(bought, params, split).foreseen(
        known, bought.people, bought.things, clock=clock, params=asked
    )
    given = {served.NAME: foreseen[f"within_{HORIZON}"].to_numpy()}
    given |= {name: one[habit] for name, one in baselines.scores(known, clock, HORIZON).items()}
    person = known.person[known.first][habit]
    skills = {name: chances.skill(chance, came, person) for name, chance in given.items()}
    return Compared(
        {name: Measured({"repeat": of}) for name, of in skills.items()},
        chances.table(given, skills, came, served.NAME),
        partial(draw, calibration(given[served.NAME], came)),
    )


def _learned(bought: Bought, params: ReplenishmentParams, end: date) -> Callable[[Path], None]:
    return partial(write, _learn(bought, params, end))


JOB = Job(served.NAME, INPUTS, ReplenishmentParams, served, _collected, _compared, _learned)
