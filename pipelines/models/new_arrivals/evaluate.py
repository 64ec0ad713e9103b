"""Which of the new goods people buy in the days after a split: ours beside popularity, with and without their tastes.

Asked are the persons known before the split who then bought a good that was new on it and that they had not bought.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from pipelines.errors import DataError
from pipelines.models import measures
from pipelines.models.als.top_k import NOTHING, top_k
from pipelines.models.lines import Codes, Lines, day_number, places
from pipelines.models.new_arrivals.features import PRIOR
from pipelines.models.new_arrivals.score import NewArrivals
from pipelines.models.new_arrivals.train import bought

OURS, POPULARITY = "new_arrivals", "popularity"
WITHIN = "popularity within the favourite categories"
K = 10
Ranking = NDArray[np.int32]


@dataclass(frozen=True)
class Cases:
    """Persons, by their places in the model, and what each bought of its new goods."""

    persons: Codes
    targets: csr_matrix


def cases(model: NewArrivals, after: Lines) -> Cases:
    """Who bought which of the model's new goods since its day, by the lines until some later one.

    Args:
        model: Fitted until the split, on the same persons and goods.
        after: With the days after.

    Raises:
        DataError: the split lies in the data's first days, when every good is new; or nobody bought one.
    """
    split = day_number(model.as_of)
    if split - model.learned.params.window_days <= int(after.day.min()):
        raise DataError(
            f"On {model.as_of} every good is new, since the lines begin {after.day.min() - split} days from it",
            remedy="Train again when there is more history.",
        )
    goods = places(model.new.product_ids, after.product_ids)
    person, good = bought(after, goods, after.as_of_day, split)
    span = max(len(goods), 1)
    known = np.unique(after.customer[after.day < split])
    asked = np.isin(person, known) & ~np.isin(person * span + good, model.had[0] * span + model.had[1])
    persons, row = np.unique(person[asked], return_inverse=True)
    if not len(persons):
        raise DataError(
            f"From {model.as_of} on nobody known bought a new good", remedy="Train again when somebody has."
        )
    ones = np.ones(len(row))
    return Cases(persons, csr_matrix((ones, (row, good[asked])), shape=(len(persons), span)))


def rankings(model: NewArrivals, asked: Cases, explore_share: float = 0.0) -> Mapping[str, Ranking]:
    """By ranking, of each person the best ten of the new goods that they have not bought."""
    ids = model.customer_ids.take(pa.array(asked.persons))
    found = model.rank(ids, K, explore_share=explore_share)
    ours = np.full((len(ids), K), NOTHING, dtype=np.int32)
    place = places(pa.array(found["customer_id"]), ids), found["rank"].to_numpy() - 1
    ours[place] = places(pa.array(found["product_id"]), model.new.product_ids)
    famous = np.tile(model.new.buyers + 1e-3, (len(ids), 1))
    return {
        OURS: ours,
        POPULARITY: _best(model, asked, famous),
        WITHIN: _best(model, asked, famous * _share(model, asked)),
    }


def measured(found: Mapping[str, Ranking], asked: Cases) -> Mapping[str, dict[str, NDArray[np.float64]]]:
    """By ranking recall@10 and nDCG@10 of each person."""
    return {
        name: {
            "recall_at_10": measures.recall(ranking, asked.targets, K),
            "ndcg_at_10": measures.ndcg(ranking, asked.targets, K),
        }
        for name, ranking in found.items()
    }


def _share(model: NewArrivals, asked: Cases) -> NDArray[np.float64]:
    """Of each person's purchases the share of each new good's category, smoothed as in `features`."""
    if "category" not in model.new.codes:
        return np.ones((len(asked.persons), len(model.new.age)))
    everybody = model.learned.tastes.shares["category"]
    counts = model.liked.rows(asked.persons).counts["category"].toarray()
    share = (counts + PRIOR * everybody) / (counts.sum(axis=1, keepdims=True) + PRIOR)
    code = model.new.codes["category"]
    found: NDArray[np.float64] = np.where(code >= 0, share[:, np.maximum(code, 0)], 1e-9)
    return found


def _best(model: NewArrivals, asked: Cases, scores: NDArray[np.float64]) -> Ranking:
    mine = np.isin(model.had[0], asked.persons)
    scores[np.searchsorted(asked.persons, model.had[0][mine]), model.had[1][mine]] = -np.inf
    return top_k(scores, K)
