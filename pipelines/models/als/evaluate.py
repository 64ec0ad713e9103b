"""How well a ranking foresees what people buy next.

A split by time, nDCG@10 and recall@10, and simple rankings to beat.

**Split.** Models learn from days until `as_of - holdout_days`; the targets are the goods bought in the
`holdout_days` after. Goods that are never offered are in neither. Everybody with at least one target counts,
also who was unknown before.

**Two protocols.** `all`: targets are all goods bought, and goods bought before may be ranked; this is how
published grocery benchmarks count, and where repeating what a person buys anyway is hard to beat. `new`:
targets are the goods bought for the first time, and goods bought before are struck from every ranking.
gold.recommendations only offers goods not bought before, so `new` is what the gate decides on.

**Measures**, for a person with targets T and a ranking of 10 goods, hit_r = 1 where the good at rank r is in
T: `nDCG@10 = sum of hit_r / log2(r + 1) / sum over r = 1..min(10, |T|) of 1 / log2(r + 1)` (Jarvelin &
Kekalainen 2002, binary gain, ideal over all targets) and `recall@10 = hits / |T|`. A target that a model
cannot know counts against it. Both are means over persons, with a 95 % percentile bootstrap interval over
persons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from pipelines.models.als.factors import AlsFactors
from pipelines.models.als.holdout import Holdout, Protocol
from pipelines.models.als.ids import positions
from pipelines.models.als.score import best_goods
from pipelines.models.als.top_k import NOTHING, blocks, top_k

K = 10
RESAMPLES = 1000
CHALLENGER, CHAMPION = "als", "als, champion"
POPULARITY, FREQUENCY, FAVOURITES = "popularity", "personal frequency", "popularity in own categories"
Ranking = NDArray[np.int32]  # one row a person, K item positions, NOTHING where there are fewer
Ranker = Callable[[Holdout], Ranking]


@dataclass(frozen=True)
class Interval:
    """A mean over persons and its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.4f} [{self.low:.4f}, {self.high:.4f}]"


@dataclass(frozen=True)
class Quality:
    """How well one ranking did under one protocol.

    Args:
        protocol: Which.
        model: Whose ranking.
        ndcg: Of ten.
        recall: Of ten.
        persons: How many had a target.
        each: nDCG@10 of each person, for the gate; null: read from a file, which does not keep it.
    """

    protocol: Protocol
    model: str
    ndcg: Interval
    recall: Interval
    persons: int
    each: NDArray[np.float64] | None = field(default=None, compare=False, repr=False)


def measure(
    protocol: Protocol, rankings: Mapping[str, Ranking], targets: csr_matrix, *, seed: int
) -> list[Quality]:
    """The two measures of each model's ranking of the same persons.

    One person with targets {0, 2} and the ranking (2, 1, 0): hits at ranks 1 and 3, so DCG = 1 + 1/2 = 1.5,
    ideal DCG = 1 + 0.6309, nDCG = 0.9197, and recall = 2/2.
    """
    of_persons = [_of_persons(ranking, targets) for ranking in rankings.values()]
    intervals = bootstrap(of_persons, seed=seed)
    persons = targets.shape[0]
    return [
        Quality(protocol, model, ndcg, recall, persons, values[:, 0])
        for model, (ndcg, recall), values in zip(rankings, intervals, of_persons, strict=True)
    ]


def bootstrap(samples: Sequence[NDArray[np.float64]], *, seed: int) -> list[list[Interval]]:
    """Of each matrix the mean of each column, with its 95 % percentile interval over 1000 resamples of the rows.

    Efron 1979. Every matrix is resampled by the same rows, so intervals of one split compare like with like; and
    by a product of its own, so that its figures do not depend on what stands beside it.
    """
    rng, rows = np.random.default_rng(seed), len(samples[0])
    even = np.full(rows, 1.0 / rows)
    means: list[list[NDArray[np.float64]]] = [[] for _ in samples]
    for _ in range(RESAMPLES // 50):
        drawn = rng.multinomial(rows, even, size=50).astype(np.float64)
        for found, values in zip(means, samples, strict=True):
            found.append(drawn @ values / rows)
    return [_intervals(values, np.vstack(found)) for values, found in zip(samples, means, strict=True)]


def als(split: Holdout, factors: AlsFactors) -> Ranking:
    """What `score` would offer."""
    rows, columns = split.struck
    item = positions(split.item_ids, factors.item_ids)[columns]
    there = positions(factors.item_ids, split.item_ids).astype(np.int32)
    best, _ = best_goods(
        factors,
        positions(split.person_ids, factors.person_ids),
        k=K,
        struck=(rows[item >= 0], item[item >= 0]),
        withdrawn=np.flatnonzero(there == NOTHING).astype(np.int32),
    )
    return np.append(there, np.int32(NOTHING))[best]


def popularity(split: Holdout) -> Ranking:
    """The goods with most buyers lately, the same for everybody but for what is struck."""
    buyers = split.buyers.astype(np.float64)
    return _ranked(split, lambda block: _for_all(buyers, block))


def personal_frequency(split: Holdout) -> Ranking:
    """The goods with most faded purchase days of the person, then popular ones. Only for the protocol `all`."""
    filler = split.buyers / (1e6 * (1 + split.buyers.max(initial=0)))

    def score(block: slice) -> NDArray[np.float64]:
        scores, bought = _for_all(filler, block), split.history[block].tocoo()
        scores[bought.row, bought.col] += bought.data
        return scores

    return _ranked(split, score)


def favourite_categories(split: Holdout) -> Ranking:
    """Recent buyers of the good x the share of the person's faded purchases that its category has.

    Who has bought nothing gets what is popular.
    """
    goods, buyers = len(split.item_ids), split.buyers.astype(np.float64)
    member = csr_matrix((np.ones(goods), (np.arange(goods), split.category)))
    liking = (split.history @ member).toarray()
    share = liking / np.maximum(liking.sum(axis=1, keepdims=True), 1e-12) + 1e-9

    def score(block: slice) -> NDArray[np.float64]:
        scores: NDArray[np.float64] = share[block].take(split.category, axis=1)
        scores *= buyers
        return scores

    return _ranked(split, score)


def compare(split: Holdout, models: Mapping[str, AlsFactors], *, seed: int) -> list[Quality]:
    """Every model and every baseline under both protocols, the `new` one first."""
    baselines: dict[Protocol, dict[str, Ranker]] = {
        "new": {POPULARITY: popularity, FAVOURITES: favourite_categories},
        "all": {POPULARITY: popularity, FREQUENCY: personal_frequency},
    }
    qualities = []
    for protocol, named in baselines.items():
        part = split.only_new() if protocol == "new" else split
        rankings = {name: als(part, factors) for name, factors in models.items()}
        rankings |= {name: ranker(part) for name, ranker in named.items()}
        qualities += measure(protocol, rankings, part.targets, seed=seed)
    return qualities


def _of_persons(ranking: Ranking, targets: csr_matrix) -> NDArray[np.float64]:
    """One row a person: nDCG@10 and recall@10."""
    found = np.asarray(targets[np.arange(len(ranking))[:, np.newaxis], np.maximum(ranking, 0)].todense())
    hits = (found > 0) & (ranking != NOTHING)
    discount = 1.0 / np.log2(np.arange(2, ranking.shape[1] + 2))
    wanted = targets.getnnz(axis=1)
    ideal = np.cumsum(discount)[np.minimum(wanted, len(discount)) - 1]
    return np.column_stack([hits @ discount / ideal, hits.sum(axis=1) / wanted])


def _intervals(values: NDArray[np.float64], resampled: NDArray[np.float64]) -> list[Interval]:
    low, high = np.percentile(resampled, [2.5, 97.5], axis=0)
    return [Interval(*map(float, three)) for three in zip(values.mean(axis=0), low, high, strict=True)]


def _for_all(scores: NDArray[np.float64], block: slice) -> NDArray[np.float64]:
    return np.tile(scores, (block.stop - block.start, 1))


def _ranked(split: Holdout, score: Callable[[slice], NDArray[np.float64]]) -> Ranking:
    rows, columns = split.struck
    best = np.empty((len(split.person_ids), K), dtype=np.int32)
    for block in blocks(len(split.person_ids), len(split.item_ids)):
        scores = score(block)
        first, last = np.searchsorted(rows, (block.start, block.stop))
        scores[rows[first:last] - block.start, columns[first:last]] = -np.inf
        best[block] = top_k(scores, K)
    return best
