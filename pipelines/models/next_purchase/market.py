"""What all customers' purchases say about goods: the shared side of the features of `next_purchase`.

Everything here is of the size of the catalogue or bounded, so it travels to where customers are scored in blocks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags

from pipelines.models.als.solver import solve
from pipelines.models.next_purchase.visits import Ints, Purchases

WINDOWS = (14, 42, 182)
"""Days back over which a good's share of the visits is taken."""
REFERENCES = 20_000
"""Customers who may be somebody's neighbours, at most."""
MIN_BUYERS = 5
RANK, ITERATIONS, REG_PARAM, ALPHA = 32, 5, 0.05, 3.0
TASTE_HALF_LIFE = 60.0
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Market:
    """Goods as their buyers show them, until the clock of the purchases it was made of.

    Args:
        goods: Number of goods.
        kind: Of each good the number of its kind (the finest level of the catalogue that it has).
        category: Likewise of its category, the coarser one.
        shares: One row a window of `WINDOWS`, one column a good: its share of the visits in the window.
        repeat_rate: Share of the buyers who bought it on two visits or more, shrunk to the mean of all goods.
        gap: Mean days between two purchases by one buyer, shrunk likewise.
        tastes: Faded purchases of the references, rows of length 1, in the order of their ids.
        known: Goods that at least `MIN_BUYERS` customers bought, ascending: the columns of `tastes`.
        factors: Of the known goods, by implicit ALS.
    """

    goods: int
    kind: Ints
    category: Ints
    shares: Floats
    repeat_rate: Floats
    gap: Floats
    tastes: csr_matrix
    known: Ints
    factors: Floats


def market(purchases: Purchases, goods: int, kind: Ints, category: Ints, *, seed: int) -> Market:
    """The market as these purchases show it."""
    shares = np.stack([_shares(purchases, goods, window) for window in WINDOWS])
    pair, times, span = _pairs(purchases, goods)
    buyers = np.bincount(pair % goods, minlength=goods)
    repeaters = np.bincount(pair[times > 1] % goods, minlength=goods)
    gaps = np.bincount(pair % goods, weights=times - 1, minlength=goods)
    days = np.bincount(pair % goods, weights=span, minlength=goods)
    usual = repeaters.sum() / max(1, buyers.sum()), days.sum() / max(1.0, gaps.sum())
    known = np.flatnonzero(buyers >= MIN_BUYERS)
    strengths = tastes(purchases, known, goods)
    filled = np.flatnonzero(strengths.getnnz(axis=1))
    factors = np.zeros((len(known), RANK), dtype=np.float32)
    if len(known):
        _, factors = solve(
            strengths[filled], rank=RANK, iterations=ITERATIONS, reg_param=REG_PARAM, alpha=ALPHA, seed=seed
        )
    return Market(
        goods=goods,
        kind=kind,
        category=category,
        shares=shares.astype(np.float32),
        repeat_rate=((repeaters + 10 * usual[0]) / (buyers + 10)).astype(np.float32),
        gap=np.maximum((days + 10 * usual[1]) / (gaps + 10), 1.0).astype(np.float32),
        tastes=unit(strengths[references(purchases.customers)]),
        known=known,
        factors=factors,
    )


def tastes(purchases: Purchases, known: Ints, goods: int) -> csr_matrix:
    """Customers x known goods: purchases, each halved with every `TASTE_HALF_LIFE` days of its age."""
    place = np.full(goods, -1)
    place[known] = np.arange(len(known))
    column = place[purchases.good]
    age = purchases.clock[purchases.customer] - purchases.day
    weight = (0.5 ** (age / TASTE_HALF_LIFE)).astype(np.float32)
    kept = column >= 0
    return csr_matrix(
        (weight[kept], (purchases.customer[kept], column[kept])), shape=(purchases.customers, len(known))
    )


def unit(rows: csr_matrix) -> csr_matrix:
    """Rows of length 1; an empty one stays so."""
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return csr_matrix(diags(1.0 / np.maximum(length, 1e-12)) @ rows).astype(np.float32)


def references(customers: int) -> Ints:
    """Which customers may be neighbours: all, or evenly many of them."""
    return np.unique(np.linspace(0, customers - 1, min(customers, REFERENCES)).astype(np.int64))


def _shares(purchases: Purchases, goods: int, window: int) -> NDArray[np.float64]:
    customer, day = purchases.visits
    visits = int((day >= purchases.clock[customer] - window).sum())
    lately = purchases.day >= purchases.clock[purchases.customer] - window
    return np.bincount(purchases.good[lately], minlength=goods) / max(1, visits)


def _pairs(purchases: Purchases, goods: int) -> tuple[Ints, Ints, Ints]:
    """Each customer and good as one number, how often, and the days from the first to the last purchase."""
    pair, first, times = np.unique(
        purchases.customer * goods + purchases.good, return_index=True, return_counts=True
    )
    return pair, times, purchases.day[first + times - 1] - purchases.day[first]
