"""Which goods are weighed for a customer, and what others say of them.

Candidates are the customer's own goods, the best first by TREx-repeat, and goods not bought yet: of the nearest
neighbours, of ALS, and of what sells. Both scores are dense in the known goods, so customers come in blocks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from pipelines.models.als.solver import Matrix, fold_in
from pipelines.models.als.top_k import top_k
from pipelines.models.next_purchase.features import Floats, Named, Pairs, features
from pipelines.models.next_purchase.market import ALPHA, REG_PARAM, Market, tastes, unit
from pipelines.models.next_purchase.visits import Ints, Purchases

OWN, NEW, POPULAR, NEIGHBOURS = 150, 25, 25, 200
SCORES = ("neighbours", "als")


def weighed(purchases: Purchases, market: Market, *, themselves: Ints | None = None) -> Pairs:
    """The candidates of a block of customers with their features.

    Args:
        purchases: Of the block.
        market: Of all customers.
        themselves: Of each customer the row of `market.tastes` that is theirs, -1 for none; null: none is.
    """
    strengths = tastes(purchases, market.known, market.goods)
    near = _neighbours(strengths, market, themselves)
    liking = fold_in(strengths, market.factors, reg_param=REG_PARAM, alpha=ALPHA) @ market.factors.T
    pairs = _candidates(purchases, market, (near, liking))
    place = np.full(market.goods, -1)
    place[market.known] = np.arange(len(market.known))
    column = place[pairs[1]]
    scores: Named = {
        name: np.where(column >= 0, np.round(score[pairs[0], column], 4) if len(market.known) else 0.0, 0.0)
        for name, score in zip(SCORES, (near, liking), strict=True)
    }
    return features(purchases, market, pairs, scores)


def _neighbours(strengths: csr_matrix, market: Market, themselves: Ints | None) -> Floats:
    """Mean faded purchases of the nearest references, weighted by cosine; customers x known goods."""
    alike = (unit(strengths) @ market.tastes.T).toarray()
    if themselves is not None:
        known = np.flatnonzero(themselves >= 0)
        alike[known, themselves[known]] = 0.0
    number = min(NEIGHBOURS, alike.shape[1])
    nearest = np.argpartition(-alike, number - 1, axis=1)[:, :number]
    weight = np.take_along_axis(alike, nearest, axis=1)
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), 1e-12)
    mix = csr_matrix(
        (weight.ravel(), (np.repeat(np.arange(len(alike)), number), nearest.ravel())), shape=alike.shape
    )
    found: Floats = (mix @ market.tastes).toarray().astype(np.float32)
    return found


def _candidates(purchases: Purchases, market: Market, scores: tuple[Matrix, Matrix]) -> tuple[Ints, Ints]:
    bought = np.unique(purchases.customer * market.goods + purchases.good)
    own = _best_own(purchases, market)
    everybody = np.arange(purchases.customers)
    popular = np.argsort(-market.shares[1], kind="stable")[:POPULAR]
    new = [np.add.outer(everybody * market.goods, popular).ravel()]
    for score in scores if len(market.known) else ():
        dense = score.astype(np.float64)
        row, column = np.divmod(bought, market.goods)
        there = np.isin(column, market.known)
        dense[row[there], np.searchsorted(market.known, column[there])] = -np.inf
        best = top_k(dense, min(NEW, dense.shape[1]))
        row, place = np.nonzero(best >= 0)
        new.append(row * market.goods + market.known[best[row, place]])
    fresh = np.setdiff1d(np.concatenate(new), bought)
    return np.divmod(np.union1d(own, fresh), market.goods)


def _best_own(purchases: Purchases, market: Market) -> NDArray[np.int64]:
    """Each customer's best goods by TREx-repeat, as customer and good in one number."""
    key = purchases.customer * market.goods + purchases.good
    pair, place = np.unique(key, return_inverse=True)
    strength = np.bincount(place, weights=0.97 ** purchases.visits_since.astype(float))
    strength = strength * market.repeat_rate[pair % market.goods] ** 0.3
    owner = pair // market.goods
    order = np.lexsort((-strength, owner))
    rank = np.arange(len(pair)) - np.searchsorted(owner, owner)
    best: NDArray[np.int64] = pair[order[rank < OWN]]
    return best
