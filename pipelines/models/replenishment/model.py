"""`fit` and what it gives: when each person will need each of their goods again."""

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
from pipelines.models.lines import COLUMNS, Frame, arrow, coded, day_number, places
from pipelines.models.replenishment.distribution import due, regular_share
from pipelines.models.replenishment.habits import Floats, Habits, Ints, habits
from pipelines.models.replenishment.learned import (
    HORIZONS,
    Chances,
    Learned,
    ReplenishmentParams,
    explained,
    guarded,
)
from pipelines.models.replenishment.priors import Priors, priors

LOOK_BACK = (14, 28, 42, 56)
"""Days before `as_of` at which the chances are learned; each looks ahead `max(HORIZONS)` days."""
LEVELS = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Replenishment:
    """A fitted model, and the purchases it was fitted on.

    Args:
        as_of: The day it was fitted for; only earlier purchases are known.
        people: Ids, ascending.
        things: Ids, ascending.
        known: Their purchases.
        learned: From them.
        params: What a habit is.
    """

    as_of: date
    people: pa.Array
    things: pa.Array
    known: Habits
    learned: Learned
    params: ReplenishmentParams

    def due(self) -> pd.DataFrame:
        """Every habit, as `Learned.foreseen` tells it."""
        clock = day_number(self.as_of)
        return self.learned.foreseen(self.known, self.people, self.things, clock=clock, params=self.params)

    def rank(self, customers: Sequence[object], k: int = 20) -> pd.DataFrame:
        """`customer_id, rank, product_id, score, reason`: the habits likeliest to be bought within 7 days.

        A customer without a habit has no rows: nothing runs out for them.
        """
        frame = self.due()
        return ranked(frame[frame["customer_id"].isin(customers)], k)


def ranked(habits: pd.DataFrame, k: int) -> pd.DataFrame:
    """Of habits as `Learned.foreseen` tells them, each customer's k likeliest within 7 days."""
    frame = habits.sort_values(["customer_id", "within_7", "product_id"], ascending=[True, False, True])
    frame["rank"] = frame.groupby("customer_id").cumcount() + 1
    frame = frame[frame["rank"] <= k].rename(columns={"within_7": "score"})
    frame["reason"] = "You buy this about every " + frame["interval_days"].astype(str) + " days."
    return frame[["customer_id", "rank", "product_id", "score", "reason"]].reset_index(drop=True)


def fit(
    lines: Frame, *, as_of: date, goods: Frame | None = None, params: ReplenishmentParams | None = None
) -> Replenishment:
    """Learn from the lines before `as_of`.

    Args:
        lines: `customer_id, basket_id, purchased_at, product_id, quantity`; a return has a quantity below 0.
        as_of: The day for which is foreseen.
        goods: `product_id, category`; null: all goods are of one category.
        params: Null: the defaults.

    Raises:
        DataError: nothing was bought again before `as_of`.
    """
    known, people, things = purchased(lines, as_of=as_of)
    asked = params or ReplenishmentParams()
    learned = learn(known, categories(things, goods), things, as_of=as_of, params=asked)
    return Replenishment(as_of, people, things, known, learned, asked)


def purchased(lines: Frame, *, as_of: date) -> tuple[Habits, pa.Array, pa.Array]:
    """Purchases before a day, and the ids of people and things; lines as of `fit`."""
    table = arrow(lines, COLUMNS)
    days = table["purchased_at"].cast(pa.timestamp("us"), safe=False).cast(pa.date32(), safe=False)
    table = table.set_column(2, "purchased_at", days).filter(pc.less(days, pa.scalar(as_of)))
    table = table.filter(pc.is_valid(table["customer_id"]))
    people, person = coded(table["customer_id"])
    things, thing = coded(table["product_id"])
    day = table["purchased_at"].cast(pa.int32()).to_numpy().astype(np.int64)
    return habits(person, thing, day, table["quantity"].cast(pa.float64()).to_numpy()), people, things


def learn(
    known: Habits, category: Ints, things: pa.Array, *, as_of: date, params: ReplenishmentParams
) -> Learned:
    """Fit on purchases as arrays; see `fit`."""
    if not (known.times > 1).any():
        raise DataError(
            f"No person bought anything again before {as_of}",
            remedy="Ask for a later as_of, or give earlier lines.",
        )
    clock = day_number(as_of)
    category = np.append(category, category.max() + 1)  # the thing that is not known
    given = priors(known, category, until=clock)
    regular = regular_share(known, due(known, given, clock=clock))
    chances = _chances(known, category, regular, clock, params)
    return Learned(things, given, regular, chances, _bounds(known, given, params))


def again(known: Habits, clock: int, days: int, of: Habits) -> NDArray[np.bool_]:
    """Of each person and thing of `of`, whether it was bought on the days from `clock`, so many of them."""
    later = (known.day >= clock) & (known.day < clock + days)
    size = int(max(known.thing.max(initial=0), of.thing.max(initial=0))) + 1
    asked = of.person[of.first] * size + of.thing[of.first]
    bought: NDArray[np.bool_] = np.isin(asked, known.person[later] * size + known.thing[later])
    return bought


def _chances(
    known: Habits, category: Ints, regular: float, clock: int, params: ReplenishmentParams
) -> dict[int, Chances]:
    inputs, labels = [], []
    for back in LOOK_BACK:
        then = clock - back
        earlier = known.before(then)
        if not (earlier.times > 1).any():
            continue
        habit = guarded(earlier, params)
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


def _bounds(known: Habits, given: Priors, params: ReplenishmentParams) -> Floats:
    """Where the last interval of each habit fell, in standard deviations of what the earlier ones foresaw."""
    asked = known.times > params.min_purchase_days
    if not asked.any():
        return np.array([-1.2816, 0.0, 1.2816])
    kept = np.ones(len(known.day), dtype=bool)
    kept[known.last[asked]] = False
    earlier = Habits(known.person[kept], known.thing[kept], known.day[kept], known.amount[kept])
    found = due(earlier, given, clock=int(known.day.max()) + 1)
    z = (np.log(known.gap[known.last[asked]]) - found.mean[asked]) / found.sigma[asked]
    return np.quantile(z, LEVELS)


def categories(things: pa.Array, goods: Frame | None) -> Ints:
    """Of each thing the number of its category; all one where there is no catalogue."""
    if goods is None:
        return np.zeros(len(things), dtype=np.int64)
    catalogue = arrow(goods, ("product_id", "category"))
    place = places(things, catalogue["product_id"].combine_chunks())
    of = catalogue["category"].take(pa.array(place, mask=place < 0)).to_pandas()
    numbers: Ints = pd.factorize(of.fillna(""), sort=True)[0].astype(np.int64)
    return numbers
