"""How the ranker learns: asked on several earlier days, what did each customer buy on the next visit?

For each day of `look_back` before the clock the market and the features are made anew from what was known on that day,
and a candidate is a success if the customer's first visit since has it; customers who did not come back teach nothing.
Of the candidates that were not bought a share is drawn, which raises the odds of all alike; `Trees.chance` takes that
back. (Weights instead cost ten times the time to bin, and weights by the size of the visit gained nothing.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.models.next_purchase.candidates import weighed
from pipelines.models.next_purchase.features import Floats, Pairs
from pipelines.models.next_purchase.market import Market, market, references
from pipelines.models.next_purchase.visits import Ints, Purchases

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

BLOCK = 256
MIN_VISITS = 3


@dataclass(frozen=True)
class Params:
    """What decides what is learned.

    Args:
        look_back: Days before the clock on which is asked.
        trees: How many.
        leaves: Of a tree, at most.
        learning_rate: Of the boosting.
        min_leaf: Examples of a leaf, at least.
        failures: Share of the candidates that were not bought that is learned from.
        seed: Of that draw, of ALS and of the trees.
    """

    look_back: tuple[int, ...] = (7, 14, 21, 28, 42, 56, 77, 98)
    trees: int = 200
    leaves: int = 15
    learning_rate: float = 0.06
    min_leaf: int = 200
    failures: float = 0.2
    seed: int = 7


@dataclass(frozen=True)
class Examples:
    """What was asked on one earlier day, and what came of it.

    Args:
        days_back: How many days before the clock.
        values: The features, one row a candidate.
        bought: Whether it was.
    """

    days_back: int
    values: Floats
    bought: NDArray[np.bool_]


@dataclass(frozen=True)
class Trees:
    """What was learned.

    Args:
        boosted: Gives the chance among examples of which `failures` were drawn.
        failures: That share.
    """

    boosted: HistGradientBoostingClassifier
    failures: float

    def chance(self, values: Floats) -> NDArray[np.float64]:
        """P(bought on the next visit) of each row of features.

        With a tenth of the failures drawn, even odds among the examples are odds of 1 to 10, a chance of 1/11.
        """
        if not len(values):
            return np.empty(0)
        among: NDArray[np.float64] = self.boosted.predict_proba(values)[:, 1]
        return among * self.failures / (among * self.failures + 1.0 - among)


def weighed_by_blocks(purchases: Purchases, of: Market) -> Pairs:
    """The candidates of everybody whom the market was made of."""
    row = np.full(purchases.customers, -1)
    row[references(purchases.customers)] = np.arange(of.tastes.shape[0])
    parts = []
    for first in range(0, purchases.customers, BLOCK):
        last = min(first + BLOCK, purchases.customers)
        part = weighed(purchases.of(first, last), of, themselves=row[first:last])
        parts.append(Pairs(part.customer + first, part.good, part.own, part.values))
    return Pairs(
        *(np.concatenate([getattr(p, name) for p in parts]) for name in ("customer", "good", "own", "values"))
    )


def examples(purchases: Purchases, goods: int, kind: Ints, category: Ints, params: Params) -> list[Examples]:
    """What each day of `look_back` teaches; days before the shop's first teach nothing."""
    found = []
    for days_back in params.look_back:
        then = purchases.before(purchases.clock - days_back)
        upcoming = next_visit(purchases, then.clock)
        if not len(then.day) or not (upcoming < purchases.clock).any():
            continue
        pairs = weighed_by_blocks(then, market(then, goods, kind, category, seed=params.seed))
        one = _labelled(purchases, then, upcoming, pairs, goods, days_back, params)
        if one.bought.any():
            found.append(one)
    return found


def next_visit(purchases: Purchases, clock: Ints) -> Ints:
    """Of each customer the day of the first visit on or after a day; their own clock where there is none."""
    customer, day = purchases.visits
    later = day >= clock[customer]
    found = purchases.clock.copy()
    np.minimum.at(found, customer[later], day[later])
    return found


def learned(examples: Sequence[Examples], params: Params) -> Trees:
    """The trees."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # deferred: seconds

    boosted = HistGradientBoostingClassifier(
        learning_rate=params.learning_rate,
        max_iter=params.trees,
        max_leaf_nodes=params.leaves,
        min_samples_leaf=params.min_leaf,
        l2_regularization=5.0,
        early_stopping=False,
        random_state=params.seed,
    )
    values = np.concatenate([one.values for one in examples])
    values[:, np.isnan(values).all(axis=0)] = (
        0  # of a feature that nobody has the trees cannot find a threshold
    )
    return Trees(boosted.fit(values, np.concatenate([one.bought for one in examples])), params.failures)


def _labelled(
    purchases: Purchases,
    then: Purchases,
    upcoming: Ints,
    pairs: Pairs,
    goods: int,
    days_back: int,
    params: Params,
) -> Examples:
    came = (upcoming < purchases.clock) & (then.visits_of >= MIN_VISITS)
    there = purchases.day == upcoming[purchases.customer]
    bought = purchases.customer[there] * goods + purchases.good[there]
    success = np.isin(pairs.customer * goods + pairs.good, bought)
    drawn = np.random.default_rng(params.seed + days_back).random(len(success)) < params.failures
    kept = came[pairs.customer] & (success | drawn)
    return Examples(days_back, pairs.values[kept], success[kept])
