"""What a training of `replenishment` keeps, without persons, and what it says of anybody's habits on any day.

The chance to buy within 7 and 14 days comes from a logistic regression over the distribution (`distribution`), trained
on what people bought after several earlier days: it calibrates the mixture, and knows how lately the person shopped at
all. The interval in which a habit falls due takes its bounds from how far intervals were off where they are known: the
last interval of each habit, foreseen from those before. Dates do not age, chances do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.models.lines import places
from pipelines.models.replenishment.distribution import Due, due, log_hazard
from pipelines.models.replenishment.habits import Floats, Habits
from pipelines.models.replenishment.priors import Priors

HORIZONS = (7, 14)
RECENT_DAYS = 42


@dataclass(frozen=True)
class ReplenishmentParams:
    """What a habit is.

    Args:
        min_purchase_days: Different days on which the good was bought, at least.
        min_span_days: From the first to the last of them, at least.
    """

    min_purchase_days: int = 3
    min_span_days: int = 10


@dataclass(frozen=True)
class Chances:
    """The logistic regression of one horizon, on standardised inputs."""

    weights: Floats
    intercept: float
    centre: Floats
    scale: Floats

    def of(self, inputs: Floats) -> Floats:
        """The probability of each row."""
        score = ((inputs - self.centre) / self.scale) @ self.weights + self.intercept
        found: Floats = 1.0 / (1.0 + np.exp(-score))
        return found


@dataclass(frozen=True)
class Learned:
    """What the training keeps.

    Args:
        things: Ids of goods, ascending.
        priors: Of the things, and last of one that is not known: everybody's of anything.
        regular: The mixture's weight of the log-normal.
        chances: By horizon; one that could not be learned is missing, and the mixture answers by itself.
        bounds: Standard deviations of the next interval until which a tenth, half and nine tenths are bought again.
    """

    things: pa.Array
    priors: Priors
    regular: float
    chances: Mapping[int, Chances]
    bounds: Floats

    def foreseen(
        self, known: Habits, people: pa.Array, things: pa.Array, *, clock: int, params: ReplenishmentParams
    ) -> pd.DataFrame:
        """Every habit: `customer_id, product_id, purchases, interval_days, quantity`, dates, `within_7, within_14`.

        `quantity` is the mean of a purchase. The dates are those of the first and last purchase, and `due_from, due_on,
        due_until`, between whose first and last four of five habits are bought again.

        Args:
            known: Purchases of days before `clock`.
            people: Ids by the positions in `known`.
            things: Likewise; one that was not learned is like any.
            clock: The day that is asked, since 1970-01-01.
            params: What a habit is.
        """
        given = self.priors.at(places(things, self.things))
        found = due(known, given, clock=clock)
        first, last = known.day[known.first], known.day[known.last]
        inputs = explained(known, found, self.regular, clock)
        days = np.maximum(np.rint(np.exp(found.mean[:, None] + found.sigma[:, None] * self.bounds)), 1)
        dates = (last[:, None] + days.astype(np.int64)).astype("datetime64[D]")
        each = [
            self.chances[horizon].of(inputs)
            if horizon in self.chances
            else found.within(horizon, self.regular)
            for horizon in HORIZONS
        ]
        more = np.maximum.accumulate(each)  # what comes within a week comes within two
        chances = {f"within_{horizon}": chance for horizon, chance in zip(HORIZONS, more, strict=True)}
        frame = pd.DataFrame(
            {
                "customer_id": people.take(pa.array(known.person[known.first])).to_pandas(),
                "product_id": things.take(pa.array(known.thing[known.first])).to_pandas(),
                "purchases": known.times,
                "interval_days": days[:, 1].astype(np.int64),
                "quantity": known.usual_amount,
                "first_purchase_on": first.astype("datetime64[D]"),
                "last_purchase_on": last.astype("datetime64[D]"),
                **{name: dates[:, i] for i, name in enumerate(("due_from", "due_on", "due_until"))},
                **chances,
            }
        )
        return frame[guarded(known, params)].reset_index(drop=True)


def guarded(known: Habits, params: ReplenishmentParams) -> NDArray[np.bool_]:
    """Which persons and things are habits."""
    span = known.day[known.last] - known.day[known.first]
    habit: NDArray[np.bool_] = (known.times >= params.min_purchase_days) & (span >= params.min_span_days)
    return habit


def explained(known: Habits, found: Due, regular: float, clock: int) -> Floats:
    """What a chance is explained by, one row a person and thing."""
    person = known.person[known.first]
    last = np.zeros(int(known.person.max(initial=0)) + 1, dtype=np.int64)
    np.maximum.at(last, known.person, known.day)
    span = clock + 1
    owner, day = np.divmod(np.unique(known.person * span + known.day), span)
    visits = np.bincount(owner, minlength=len(last))
    lately = np.bincount(owner[day >= clock - RECENT_DAYS], minlength=len(last))
    recent = known.sums((known.day >= clock - RECENT_DAYS).astype(np.float64))
    columns = [
        *(np.log(p / (1 - p)) for p in (found.within(days, regular) for days in HORIZONS)),
        np.log(found.modified_rate),
        np.log(found.rate),
        log_hazard(found),
        found.lateness,
        np.maximum(found.lateness, 0.0) ** 2,
        np.log(found.since + 1),
        np.log(recent + 0.5),
        np.log(known.times),
        np.log(found.repeat),
        found.sigma,
        np.log(clock - last[person]),
        np.log(lately[person] + 0.5),
        np.log(visits[person]),
    ]
    return np.column_stack(columns)
