"""How well the ranker foresees the first visit after a split by time, beside rankings that need no training.

The ranker learns from what was known at the split, as it would have then; asked is the first visit of everybody who
came back. The baselines rank the same candidates: TREx-repeat (Li et al. 2023), and the faded frequency of the
customer's own purchases, both with what is popular behind. `repeat` goods were bought before the split by the customer,
`explore` the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from pipelines.models import measures
from pipelines.models.gate import Measured
from pipelines.models.next_purchase.features import Pairs
from pipelines.models.next_purchase.model import Ranker
from pipelines.models.next_purchase.train import MIN_VISITS, next_visit, weighed_by_blocks
from pipelines.models.next_purchase.visits import Ints, Purchases

K = 10
OURS = "next_purchase"
BASELINES = {"TREx-repeat": "trex", "personal frequency": "faded_90"}


@dataclass(frozen=True)
class Comparison:
    """Every ranking of one split.

    Args:
        recall: Recall@10 by ranking, one entry a customer who came back.
        ndcg: nDCG@10 likewise.
        parts: Recall@10 by ranking, of repeats and of the others apart; nan: the customer bought none.
        chance: Of each candidate what the trees said.
        bought: Whether it was.
    """

    recall: Mapping[str, measures.Figures]
    ndcg: Mapping[str, measures.Figures]
    parts: Mapping[str, Measured]
    chance: NDArray[np.float64]
    bought: NDArray[np.bool_]


def compare(purchases: Purchases, ranker: Ranker, split: Ints) -> Comparison:
    """The ranker, which was fitted until `split`, and the baselines on what came after.

    Args:
        purchases: Until the end, of goods in the order of `ranker.goods`; later goods may follow them.
        ranker: Fitted on `purchases.before(split)`.
        split: Of each customer the first day that it does not know.
    """
    then = purchases.before(split)
    upcoming = next_visit(purchases, split)
    asked = np.flatnonzero((upcoming < purchases.clock) & (then.visits_of >= MIN_VISITS))
    pairs = weighed_by_blocks(then, ranker.market)
    goods = max(ranker.market.goods, int(purchases.good.max()) + 1)
    there = purchases.day == upcoming[purchases.customer]
    targets = _matrix(purchases.customer[there], purchases.good[there], purchases.customers, goods)[asked]
    before = _matrix(then.customer, then.good, purchases.customers, goods)[asked]
    repeat = targets.multiply(before).tocsr()
    explore = (targets - repeat).tocsr()
    explore.eliminate_zeros()
    chance = ranker.trees.chance(pairs.values)
    popular = pairs.column("share_182").astype(float) * 1e-6
    scores = {OURS: chance} | {name: pairs.column(of) + popular for name, of in BASELINES.items()}
    rankings = {name: _ranking(pairs, score, purchases.customers)[asked] for name, score in scores.items()}
    came = np.isin(pairs.customer, asked)
    held = np.asarray(targets[np.searchsorted(asked, pairs.customer[came]), pairs.good[came]]).ravel() > 0
    return Comparison(
        recall={name: measures.recall(ranking, targets, K) for name, ranking in rankings.items()},
        ndcg={name: measures.ndcg(ranking, targets, K) for name, ranking in rankings.items()},
        parts={
            name: Measured(
                {"repeat": measures.recall(one, repeat, K), "explore": measures.recall(one, explore, K)}
            )
            for name, one in rankings.items()
        },
        chance=chance[came],
        bought=held,
    )


def _matrix(customer: Ints, good: Ints, customers: int, goods: int) -> csr_matrix:
    cells = np.unique(customer * goods + good)
    return csr_matrix((np.ones(len(cells)), np.divmod(cells, goods)), shape=(customers, goods))


def _ranking(pairs: Pairs, score: NDArray[np.floating], customers: int) -> NDArray[np.int32]:
    order = np.lexsort((pairs.good, -score, pairs.customer))
    customer = pairs.customer[order]
    place = np.arange(len(order)) - np.searchsorted(customer, customer)
    ranking = np.full((customers, K), -1, dtype=np.int32)
    best = order[place < K]
    ranking[pairs.customer[best], place[place < K]] = pairs.good[best]
    return ranking
