"""Fitting: how much each thing that speaks for a new good counts, learned from the new goods of earlier windows.

The windows before `as_of` are replayed: with what was known on the day W days earlier, which of that day's new goods
did each person buy in the W days after? A logistic regression on `features.FEATURES` answers; all persons who bought
any are asked, with every new good that they bought and `NEGATIVES` others for each, drawn evenly; what somebody had
bought before is no example. Its weights are then applied to what is known on `as_of`.
"""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from pipelines.models.attributes import Attributes, attributes_of
from pipelines.models.lines import ANONYMOUS, Codes, Frame, Lines, read
from pipelines.models.new_arrivals.features import (
    FEATURES,
    Liked,
    Matrix,
    New,
    Tastes,
    first_days,
    liked_of,
    new_goods,
    tastes_of,
)
from pipelines.models.new_arrivals.learned import Learned, NewArrivalsParams
from pipelines.models.new_arrivals.score import NewArrivals

NEGATIVES = 30
WINDOWS = 3
PRIOR_WEIGHTS = np.array([1.0 if name not in ("age", "loyal") else 0.0 for name in FEATURES])
Pairs = tuple[Codes, Codes]
Examples = tuple[Matrix, NDArray[np.bool_]]


def fit(
    lines: Frame, *, as_of: date, products: Frame | None = None, params: NewArrivalsParams | None = None
) -> NewArrivals:
    """Learn from the lines of days before `as_of`.

    Args:
        lines: `customer_id, basket_id, purchased_at, product_id, quantity`.
        as_of: The first day that is not looked at.
        products: `product_id`, any of `attributes.ATTRIBUTES`, and `launched_on` where it is known; null, or without
            attributes: new goods are ranked by their buyers and age alone, and no reason claims a liking.
        params: Null: the defaults.

    Raises:
        DataError: see `lines.read`.
    """
    return learn(read(lines, as_of=as_of), products, params or NewArrivalsParams())


def learn(known: Lines, products: Frame | None, params: NewArrivalsParams) -> NewArrivals:
    """Fit on lines that were read; see `fit`."""
    attributes, first_seen = attributes_of(products, known.product_ids), first_days(known, products)
    opened, examples = int(known.day.min()), []
    for window in range(1, WINDOWS + 1):
        day = known.as_of_day - window * params.window_days
        if day - params.window_days > opened:  # on the data's first days every good is new
            examples.append(_examples(known, attributes, first_seen, day, params))
    weights = _weights([one for one in examples if len(one[1])])
    liked, new, place = _on(known, attributes, first_seen, known.as_of_day, params)
    learned = Learned(params, tastes_of(liked, attributes), weights)
    had = bought(known, place, known.as_of_day)
    return NewArrivals(known.as_of, known.customer_ids, learned, liked, new, had)


def bought(lines: Lines, goods: Codes, until: int, since: int = 0) -> Pairs:
    """Persons and places among some goods: who bought which of them from the day `since` to before the day `until`."""
    place = np.full(len(lines.product_ids), -1, dtype=np.int64)
    place[goods] = np.arange(len(goods))
    row = (
        (lines.day >= since)
        & (lines.day < until)
        & (lines.customer != ANONYMOUS)
        & (place[lines.product] >= 0)
    )
    span = max(len(goods), 1)
    pairs = np.unique(lines.customer[row] * span + place[lines.product[row]])
    return pairs // span, pairs % span


def _on(
    lines: Lines, attributes: Attributes, first_seen: Codes, day: int, params: NewArrivalsParams
) -> tuple[Liked, New, Codes]:
    liked = liked_of(lines, attributes, until=day, half_life_days=params.half_life_days)
    return liked, *new_goods(lines, attributes, first_seen, until=day, window_days=params.window_days)


def _examples(
    lines: Lines, attributes: Attributes, first_seen: Codes, day: int, params: NewArrivalsParams
) -> Examples:
    """Features of pairs, and whether the person bought the good in the window after the day."""
    liked, new, place = _on(lines, attributes, first_seen, day, params)
    span = max(len(place), 1)
    had = _key(bought(lines, place, day), span)
    after = _key(bought(lines, place, day + params.window_days, day), span)
    known_before = np.unique(lines.customer[(lines.day < day) & (lines.customer != ANONYMOUS)])
    positive = after[np.isin(after // span, known_before) & ~np.isin(after, had)]
    if not len(positive):
        return np.empty((0, len(FEATURES))), np.empty(0, dtype=bool)
    draws = np.random.default_rng(params.seed + day)
    asked = NEGATIVES * len(positive)
    others = draws.choice(np.unique(positive // span), asked) * span + draws.integers(0, len(place), asked)
    pairs = np.setdiff1d(np.union1d(positive, others), had)
    told = _paired(tastes_of(liked, attributes), liked, new, pairs // span, pairs % span)
    return told, np.isin(pairs, positive)


def _key(pairs: Pairs, span: int) -> Codes:
    keys: Codes = pairs[0] * span + pairs[1]
    return keys


def _paired(tastes: Tastes, liked: Liked, new: New, person: Codes, place: Codes) -> Matrix:
    """The features of single pairs, some persons at a time."""
    told = np.empty((len(person), len(FEATURES)))
    distinct, start = np.unique(person, return_index=True)
    ends = np.append(start[1:], len(person))
    for low in range(0, len(distinct), 64):
        some = distinct[low : low + 64]
        first, last = start[low], ends[min(low + 64, len(distinct)) - 1]
        block = tastes.of(liked.rows(some), new)
        told[first:last] = block[np.searchsorted(some, person[first:last]), place[first:last]]
    return told


def _weights(examples: list[Examples]) -> Matrix:
    """Of each feature; where there is nothing to learn from, each counts as much as the other."""
    if not examples:
        return PRIOR_WEIGHTS
    told, taken = (np.concatenate(each) for each in zip(*examples, strict=True))
    scale = np.maximum(told.std(axis=0), 1e-9)
    found = LogisticRegression(C=1.0, max_iter=1000).fit(told / scale, taken)
    weights: Matrix = found.coef_[0] / scale
    return weights
