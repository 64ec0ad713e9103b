"""`fit` and what it gives: when each person will need each of their goods again.

The chance to buy within 7 and 14 days comes from a logistic regression over the distribution (`distribution`), trained
on what people bought after several earlier days: it calibrates the mixture, and knows how lately the person shopped at
all. The interval in which a habit falls due takes its bounds from how far intervals were off where they are known: the
last interval of each habit, foreseen from those before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from pipelines.errors import DataError
from pipelines.models.lines import COLUMNS, Frame, arrow, coded, places
from pipelines.models.next_purchase.visits import day_number
from pipelines.models.replenishment.distribution import Due, due, log_hazard, regular_share
from pipelines.models.replenishment.habits import Floats, Habits, Ints, habits
from pipelines.models.replenishment.priors import Priors, priors

HORIZONS = (7, 14)
LOOK_BACK = (14, 28, 42, 56)
"""Days before `as_of` at which the chances are learned; each looks ahead `max(HORIZONS)` days."""
RECENT_DAYS = 42
LEVELS = (0.1, 0.5, 0.9)
MIN_PURCHASES, MIN_SPAN_DAYS = 3, 10


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
class Replenishment:
    """A fitted model, and the purchases it was fitted on.

    Args:
        as_of: The day it was fitted for; only earlier purchases are known.
        people: Ids, ascending.
        things: Ids, ascending.
        known: Their purchases.
        priors: Of the things.
        regular: The mixture's weight of the log-normal.
        chances: By horizon.
        bounds: Standard deviations at `LEVELS` of the next interval.
    """

    as_of: date
    people: pa.Array
    things: pa.Array
    known: Habits
    priors: Priors
    regular: float
    chances: dict[int, Chances]
    bounds: Floats

    def due(self, *, min_purchases: int = MIN_PURCHASES, min_span_days: int = MIN_SPAN_DAYS) -> pd.DataFrame:
        """Every habit: `customer_id, product_id, purchases, interval_days`, dates, `within_7, within_14`.

        The dates are those of the first and last purchase, and `due_from, due_on, due_until`, between whose first and
        last four of five habits are bought again.

        A habit has at least so many purchases, the first and the last of them so many days apart.
        """
        clock = day_number(self.as_of)
        found = due(self.known, self.priors, clock=clock)
        first, last = self.known.day[self.known.first], self.known.day[self.known.last]
        habit = guarded(self.known, min_purchases, min_span_days)
        inputs = explained(self.known, found, self.regular, clock)
        days = np.exp(found.mean[:, None] + found.sigma[:, None] * self.bounds)
        dates = (last[:, None] + np.rint(days).astype(np.int64)).astype("datetime64[D]")
        frame = pd.DataFrame(
            {
                "customer_id": self.people.take(pa.array(self.known.person[self.known.first])).to_pandas(),
                "product_id": self.things.take(pa.array(self.known.thing[self.known.first])).to_pandas(),
                "purchases": self.known.times,
                "interval_days": np.rint(days[:, 1]).astype(np.int64),
                "first_purchase_on": first.astype("datetime64[D]"),
                "last_purchase_on": last.astype("datetime64[D]"),
                **{name: dates[:, i] for i, name in enumerate(("due_from", "due_on", "due_until"))},
                **{f"within_{h}": chance.of(inputs) for h, chance in self.chances.items()},
            }
        )
        return frame[habit].reset_index(drop=True)

    def rank(self, customers: Sequence[object], k: int = 20) -> pd.DataFrame:
        """`customer_id, rank, product_id, score, reason`: the habits likeliest to be bought within 7 days.

        A customer without a habit has no rows: nothing runs out for them.
        """
        frame = self.due()
        frame = frame[frame["customer_id"].isin(customers)]
        frame = frame.sort_values(["customer_id", "within_7", "product_id"], ascending=[True, False, True])
        frame["rank"] = frame.groupby("customer_id").cumcount() + 1
        frame = frame[frame["rank"] <= k].rename(columns={"within_7": "score"})
        frame["reason"] = "You buy this about every " + frame["interval_days"].astype(str) + " days."
        return frame[["customer_id", "rank", "product_id", "score", "reason"]].reset_index(drop=True)


def fit(lines: Frame, *, as_of: date, goods: Frame | None = None) -> Replenishment:
    """Learn from the lines before `as_of`.

    Args:
        lines: `customer_id, basket_id, purchased_at, product_id, quantity`; a return has a quantity below 0.
        as_of: The day for which is foreseen.
        goods: `product_id, category`; null: all goods are of one category.

    Raises:
        DataError: nothing was bought again before `as_of`.
    """
    table = arrow(lines, COLUMNS)
    days = table["purchased_at"].cast(pa.timestamp("us"), safe=False).cast(pa.date32(), safe=False)
    table = table.set_column(2, "purchased_at", days).filter(pc.less(days, pa.scalar(as_of)))
    table = table.filter(pc.is_valid(table["customer_id"]))
    people, person = coded(table["customer_id"])
    things, thing = coded(table["product_id"])
    day = table["purchased_at"].cast(pa.int32()).to_numpy().astype(np.int64)
    known = habits(person, thing, day, table["quantity"].cast(pa.float64()).to_numpy())
    return learn(known, _categories(things, goods), people, things, as_of=as_of)


def learn(known: Habits, category: Ints, people: pa.Array, things: pa.Array, *, as_of: date) -> Replenishment:
    """Fit on purchases as arrays; see `fit`."""
    if not (known.times > 1).any():
        raise DataError(
            f"No person bought anything again before {as_of}",
            remedy="Ask for a later as_of, or give earlier lines.",
        )
    clock = day_number(as_of)
    given = priors(known, category, until=clock)
    regular = regular_share(known, due(known, given, clock=clock))
    return Replenishment(
        as_of=as_of,
        people=people,
        things=things,
        known=known,
        priors=given,
        regular=regular,
        chances=_chances(known, category, regular, clock),
        bounds=_bounds(known, given),
    )


def guarded(known: Habits, min_purchases: int, min_span_days: int) -> NDArray[np.bool_]:
    """Which persons and things are habits."""
    span = known.day[known.last] - known.day[known.first]
    habit: NDArray[np.bool_] = (known.times >= min_purchases) & (span >= min_span_days)
    return habit


def again(known: Habits, clock: int, days: int, of: Habits) -> NDArray[np.bool_]:
    """Of each person and thing of `of`, whether it was bought on the days from `clock`, so many of them."""
    later = (known.day >= clock) & (known.day < clock + days)
    size = int(max(known.thing.max(initial=0), of.thing.max(initial=0))) + 1
    asked = of.person[of.first] * size + of.thing[of.first]
    bought: NDArray[np.bool_] = np.isin(asked, known.person[later] * size + known.thing[later])
    return bought


def explained(known: Habits, found: Due, regular: float, clock: int) -> Floats:
    """What a chance is explained by, one row a person and thing."""
    person = known.person[known.first]
    last = np.zeros(int(known.person.max(initial=0)) + 1, dtype=np.int64)
    np.maximum.at(last, known.person, known.day)
    owner, day = np.unique(np.stack([known.person, known.day]), axis=1)
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


def _chances(known: Habits, category: Ints, regular: float, clock: int) -> dict[int, Chances]:
    inputs, labels = [], []
    for back in LOOK_BACK:
        then = clock - back
        earlier = known.before(then)
        if not (earlier.times > 1).any():
            continue
        habit = guarded(earlier, MIN_PURCHASES, MIN_SPAN_DAYS)
        found = due(earlier, priors(earlier, category, until=then), clock=then)
        inputs.append(explained(earlier, found, regular, then)[habit])
        labels.append(np.column_stack([again(known, then, days, earlier)[habit] for days in HORIZONS]))
    if not labels:
        return {}
    x, y = np.concatenate(inputs), np.concatenate(labels)
    return {days: _logistic(x, y[:, i]) for i, days in enumerate(HORIZONS) if 0 < y[:, i].sum() < len(y)}


def _logistic(x: Floats, y: NDArray[np.bool_]) -> Chances:
    centre, scale = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-9)
    found = LogisticRegression(C=1.0, max_iter=300).fit((x - centre) / scale, y)
    return Chances(found.coef_[0], float(found.intercept_[0]), centre, scale)


def _bounds(known: Habits, given: Priors) -> Floats:
    """Where the last interval of each habit fell, in standard deviations of what the earlier ones foresaw."""
    kept = np.ones(len(known.day), dtype=bool)
    kept[known.last[known.times > MIN_PURCHASES]] = False
    earlier = Habits(known.person[kept], known.thing[kept], known.day[kept], known.amount[kept])
    found = due(earlier, given, clock=int(known.day.max()) + 1)
    asked = known.times > MIN_PURCHASES
    if not asked.any():
        return np.array([-1.2816, 0.0, 1.2816])
    z = (np.log(known.gap[known.last[asked]]) - found.mean[asked]) / found.sigma[asked]
    return np.quantile(z, LEVELS)


def _categories(things: pa.Array, goods: Frame | None) -> Ints:
    if goods is None:
        return np.zeros(len(things), dtype=np.int64)
    catalogue = arrow(goods, ("product_id", "category"))
    place = places(things, catalogue["product_id"].combine_chunks())
    of = catalogue["category"].take(pa.array(place, mask=place < 0)).to_pandas()
    numbers: Ints = pd.factorize(of.fillna(""), sort=True)[0].astype(np.int64)
    return numbers
