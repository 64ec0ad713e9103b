"""Fitting: how much each thing that speaks for a new good counts, learned from the new goods of earlier windows.

The windows before `as_of` are replayed: with what was known on the day W days earlier, which of that day's new goods
did each person buy in the W days after? A logistic regression on `features.FEATURES` answers; all persons who bought
any are asked, with every new good that they bought and `NEGATIVES` others for each, drawn evenly. Its weights are then
applied to what is known on `as_of`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from pipelines.models.lines import ANONYMOUS, Codes, Frame, Lines, read
from pipelines.models.new_arrivals.features import FEATURES, Likings, first_days, likings
from pipelines.models.new_arrivals.score import NewArrivals

NEGATIVES = 30
WINDOWS = 3
PRIOR_WEIGHTS = np.array([1.0 if name not in ("age", "loyal") else 0.0 for name in FEATURES])


@dataclass(frozen=True)
class NewArrivalsParams:
    """What counts as new.

    Args:
        window_days: A good is new that was first seen on one of so many days before `as_of`.
        half_life_days: After so many days a purchase says half as much of what a person likes.
        seed: Of the goods that were not bought and are learned from.
    """

    window_days: int = 28
    half_life_days: int = 90
    seed: int = 17


def fit(
    lines: Frame, *, as_of: date, products: Frame | None = None, params: NewArrivalsParams | None = None
) -> NewArrivals:
    """Learn from the lines of days before `as_of`.

    Args:
        lines: `customer_id, basket_id, purchased_at, product_id, quantity`.
        as_of: The first day that is not looked at.
        products: `product_id`, any of `attributes.ATTRIBUTES`, and `launched_on` where it is known; null, or without
            attributes: new goods are ranked by their buyers so far, and the reason says so.
        params: Null: the defaults.

    Raises:
        DataError: see `lines.read`.
    """
    asked, known = params or NewArrivalsParams(), read(lines, as_of=as_of)
    first_seen = first_days(known, products)

    def on(day: int) -> Likings:
        return likings(
            known,
            products,
            first_seen=first_seen,
            until=day,
            window_days=asked.window_days,
            half_life_days=asked.half_life_days,
        )

    examples = []
    opened = int(known.day.min())
    for window in range(1, WINDOWS + 1):
        day = known.as_of_day - window * asked.window_days
        if day - asked.window_days > opened:  # on the data's first days every good is new
            examples.append(_examples(known, on(day), day, asked))
    weights = _weights([one for one in examples if len(one[1])])
    return NewArrivals(known.as_of, known.customer_ids, known.product_ids, on(known.as_of_day), weights)


def _examples(
    lines: Lines, then: Likings, day: int, params: NewArrivalsParams
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Features of pairs, and whether the person bought the good in the window after the day."""
    goods = len(lines.product_ids)
    place = np.full(goods, -1)
    place[then.new] = np.arange(len(then.new))
    row = (lines.day >= day) & (lines.day < day + params.window_days) & (lines.customer != ANONYMOUS)
    row &= place[lines.product] >= 0
    known_before = np.unique(lines.customer[lines.day < day])
    row &= np.isin(lines.customer, known_before)
    bought = np.unique(lines.customer[row] * goods + place[lines.product[row]])
    if not len(bought):
        return np.empty((0, len(FEATURES))), np.empty(0, dtype=bool)
    draws = np.random.default_rng(params.seed + day)
    buyers = np.unique(bought // goods)
    others = draws.choice(buyers, NEGATIVES * len(bought)) * goods + draws.integers(
        0, len(then.new), NEGATIVES * len(bought)
    )
    pairs = np.union1d(bought, others)
    return _paired(then, pairs // goods, pairs % goods), np.isin(pairs, bought)


def _paired(then: Likings, person: Codes, place: Codes) -> NDArray[np.float64]:
    """The features of single pairs, some persons at a time."""
    told = np.empty((len(person), len(FEATURES)))
    distinct, start = np.unique(person, return_index=True)
    ends = np.append(start[1:], len(person))
    for low in range(0, len(distinct), 64):
        some = distinct[low : low + 64]
        first, last = start[low], ends[min(low + 64, len(distinct)) - 1]
        block = then.of(some)
        told[first:last] = block[np.searchsorted(some, person[first:last]), place[first:last]]
    return told


def _weights(examples: list[tuple[NDArray[np.float64], NDArray[np.bool_]]]) -> NDArray[np.float64]:
    """Of each feature; where there is nothing to learn from, each counts as much as the other."""
    if not examples:
        return PRIOR_WEIGHTS
    told, bought = (np.concatenate(each) for each in zip(*examples, strict=True))
    scale = np.maximum(told.std(axis=0), 1e-9)
    found = LogisticRegression(C=1.0, max_iter=1000).fit(told / scale, bought)
    weights: NDArray[np.float64] = found.coef_[0] / scale
    return weights
