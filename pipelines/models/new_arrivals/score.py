"""The new goods of a day for each person, with a stated share of slots drawn at random and their propensities."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.errors import UsageError
from pipelines.models.als.top_k import NOTHING
from pipelines.models.attributes import ATTRIBUTES
from pipelines.models.lines import Codes, places
from pipelines.models.new_arrivals.features import FEATURES, Likings

NEW_IN = "New in {}, which you like."
NEW = "New in our shops."
_CELLS = 2_000_000


@dataclass(frozen=True)
class NewArrivals:
    """A fitted model.

    Args:
        as_of: It has seen days before this one.
        customer_ids: Persons, ascending.
        product_ids: Goods, ascending.
        likings: What persons like, and the new goods, on `as_of`.
        weights: Of each of `features.FEATURES`.
    """

    as_of: date
    customer_ids: pa.Array
    product_ids: pa.Array
    likings: Likings
    weights: NDArray[np.float64]

    def rank(self, customers: Any, k: int = 20, *, explore_share: float = 0.0, seed: int = 0) -> pd.DataFrame:
        """`customer_id, rank, product_id, score, explored, propensity, reason`.

        Each slot is, with the probability `explore_share`, drawn evenly from all new goods that the list does not hold
        yet, else filled with the best of them. `propensity` is the probability with which this slot got this good,
        given the slots above it, so that what is learned from clicks can be weighted by its inverse (Horvitz &
        Thompson 1952). The draws follow from the seed, `as_of`, the person and the slot.

        A person who is not known gets new goods by their buyers. Without new goods there are no rows.

        Args:
            customers: Ids.
            k: At most so many goods for each.
            explore_share: From 0 to 1.
            seed: Of the draws.

        Raises:
            UsageError: the share is none.
        """
        if not 0 <= explore_share <= 1:
            raise UsageError(f"{explore_share} is no share", remedy="Give an explore_share from 0 to 1.")
        ids = pa.array(customers)
        persons, new = places(ids, self.customer_ids), self.likings.new
        k = min(k, len(new))
        size = max(1, _CELLS // max(1, len(new) * len(FEATURES)))
        parts: list[tuple[Any, ...]] = []
        for start in range(0, len(persons) if k else 0, size):
            block = slice(start, start + size)
            told = self.likings.of(persons[block])
            draw = _draws(ids.slice(start, size), f"{seed}/{self.as_of}", k)
            chosen, explored, propensity = slots(told @ self.weights, k, explore_share, draw)
            parts.append(
                (chosen, explored, propensity, np.take_along_axis(told @ self.weights, chosen, axis=1))
            )
        empty = (np.empty((0, k), dtype=np.int64), np.empty((0, k), dtype=bool), *[np.empty((0, k))] * 2)
        chosen, explored, propensity, score = (
            np.concatenate(each) for each in zip(*(parts or [empty]), strict=True)
        )
        row = np.repeat(np.arange(len(chosen)), k)
        return pd.DataFrame(
            {
                "customer_id": ids.take(pa.array(row)).to_pandas(),
                "rank": np.tile(np.arange(1, k + 1, dtype=np.int32), len(chosen)),
                "product_id": self.product_ids.take(pa.array(new[chosen.ravel()])).to_pandas(),
                "score": score.ravel(),
                "explored": explored.ravel(),
                "propensity": propensity.ravel(),
                "reason": self._reasons(persons[row], new[chosen.ravel()]),
            }
        )

    def _reasons(self, persons: Codes, goods: Codes) -> list[str]:
        """Names the good's kind where the person likes it more than others do."""
        codes, names = self.likings.attributes.codes, self.likings.attributes.names
        kind = next((name for name in ATTRIBUTES if name in codes), None)
        if kind is None:
            return [NEW] * len(goods)
        code = codes[kind][goods]
        likes = self.likings.lifts[kind][np.maximum(persons, 0), np.maximum(code, 0)] > 0
        likes &= (persons >= 0) & (code >= 0)
        named = names[kind].take(pa.array(np.maximum(code, 0))).to_pylist()
        return [NEW_IN.format(name) if liked else NEW for name, liked in zip(named, likes, strict=True)]


def slots(
    scores: NDArray[np.float64], k: int, share: float, draws: NDArray[np.float64]
) -> tuple[Codes, NDArray[np.bool_], NDArray[np.float64]]:
    """The columns that fill k slots of each row, whether each was drawn, and with what probability it came there.

    Of three goods and a share of 0.3, the best one stands in the first slot with 0.7 + 0.3 / 3 = 0.8, each of the
    others with 0.1.

    Args:
        scores: Rows x columns, at least k columns.
        k: Slots.
        share: Of slots that are drawn.
        draws: Rows x k x 2, from 0 to below 1: whether a slot is drawn, and which column.
    """
    rows, columns = scores.shape
    left = scores.astype(np.float64)
    chosen = np.full((rows, k), NOTHING, dtype=np.int64)
    explored, propensity = np.zeros((rows, k), dtype=bool), np.zeros((rows, k))
    every = np.arange(rows)
    for slot in range(k):
        best, remaining = left.argmax(axis=1), columns - slot
        drawn = np.floor(draws[:, slot, 1] * remaining).astype(np.int64)
        for taken in np.sort(chosen[:, :slot], axis=1).T:  # the drawn-th of those not taken
            drawn += taken <= drawn
        explored[:, slot] = draws[:, slot, 0] < share
        chosen[:, slot] = np.where(explored[:, slot], drawn, best)
        propensity[:, slot] = share / remaining + np.where(chosen[:, slot] == best, 1 - share, 0.0)
        left[every, chosen[:, slot]] = -np.inf
    return chosen, explored, propensity


def _draws(ids: pa.Array, salt: str, k: int) -> NDArray[np.float64]:
    """Rows x k x 2 numbers from 0 to below 1, by the hash of each id, the salt and the place."""
    texts = ids.cast(pa.string()).to_pylist()
    keys = np.array([f"{salt}/{one}/{place}" for one in texts for place in range(2 * k)], dtype=object)
    hashed = pd.util.hash_array(keys, categorize=False) >> np.uint64(11)
    drawn: NDArray[np.float64] = (hashed.astype(np.float64) / 2.0**53).reshape(len(texts), k, 2)
    return drawn
