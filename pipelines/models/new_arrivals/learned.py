"""What a training of `new_arrivals` keeps, without persons; and the slots that it fills, some of them by lot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.errors import UsageError
from pipelines.models.als.top_k import NOTHING
from pipelines.models.attributes import ATTRIBUTES
from pipelines.models.lines import Codes
from pipelines.models.new_arrivals.features import FEATURES, Liked, Matrix, New, Tastes

DIGITS = 6
"""Of a score: further ones depend on how many persons are scored at once."""
_CELLS = 2_000_000


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


@dataclass(frozen=True)
class Learned:
    """What the training keeps.

    Args:
        params: It was trained with.
        tastes: Everybody's.
        weights: Of each of `features.FEATURES`.
    """

    params: NewArrivalsParams
    tastes: Tastes
    weights: Matrix

    @property
    def kind(self) -> str | None:
        """The attribute by which a reason names a good's kind; null: the catalogue has none."""
        return next((name for name in ATTRIBUTES if name in self.tastes.shares), None)

    def ranked(
        self,
        new: New,
        liked: Liked,
        ids: pa.Array,
        *,
        k: int,
        had: tuple[Codes, Codes],
        explore_share: float,
        salt: str,
    ) -> pd.DataFrame:
        """`person, rank, good, score, explored, propensity, likes`: places of persons and new goods.

        Each slot is, with the probability `explore_share`, drawn evenly from all new goods that the list does not hold
        yet and the person has not bought, else filled with the best of them. `propensity` is the probability with which
        this slot got this good, given the slots above it, so that what is learned from clicks can be weighted by its
        inverse (Horvitz & Thompson 1952). The draws follow from the salt, the person and the slot. `likes`: the person
        buys more of the good's kind than others do.

        Args:
            new: The new goods.
            liked: What the persons bought.
            ids: Of the persons.
            k: At most so many goods for each.
            had: Persons and new goods, by place: what was bought already.
            explore_share: From 0 to 1.
            salt: Of the draws.

        Raises:
            UsageError: the share is none.
        """
        if not 0 <= explore_share <= 1:
            raise UsageError(f"{explore_share} is no share", remedy="Give an explore_share from 0 to 1.")
        k = min(k, len(new.age))
        size = max(1, _CELLS // max(1, len(new.age) * len(FEATURES)))
        parts = [_EMPTY]
        for low in range(0, len(ids) if k else 0, size):
            some = np.arange(low, min(low + size, len(ids)))
            told = self.tastes.of(liked.rows(some), new)
            scores = np.round(told @ self.weights, DIGITS)
            mine = (had[0] >= low) & (had[0] <= some[-1])
            scores[had[0][mine] - low, had[1][mine]] = -np.inf
            draws = _draws(ids.slice(low, len(some)), salt, k)
            chosen, explored, propensity = slots(scores, k, explore_share, draws)
            row, slot = np.nonzero(chosen != NOTHING)
            good = chosen[row, slot]
            likes = (
                told[row, good, FEATURES.index(self.kind)] > 0
                if self.kind
                else np.zeros(len(row), dtype=bool)
            )
            columns = (
                row + low,
                slot + 1,
                good,
                scores[row, good],
                explored[row, slot],
                propensity[row, slot],
                likes,
            )
            parts.append(pd.DataFrame(dict(zip(_EMPTY.columns, columns, strict=True))))
        return pd.concat(parts, ignore_index=True) if len(parts) > 1 else _EMPTY


_EMPTY = pd.DataFrame(
    {
        name: np.empty(0, dtype=kind)
        for name, kind in {
            "person": "i8",
            "rank": "i8",
            "good": "i8",
            "score": "f8",
            "explored": "?",
            "propensity": "f8",
            "likes": "?",
        }.items()
    }
)


def slots(
    scores: Matrix, k: int, share: float, draws: Matrix
) -> tuple[Codes, NDArray[np.bool_], NDArray[np.float64]]:
    """The columns that fill k slots of each row, whether each was drawn, and with what probability it came there.

    Of three goods and a share of 0.3, the best one stands in the first slot with 0.7 + 0.3 / 3 = 0.8, each of the
    others with 0.1. A slot for which no column is left holds `NOTHING`.

    Args:
        scores: Rows x columns; minus infinity: no candidate.
        k: Slots.
        share: Of slots that are drawn.
        draws: Rows x k x 2, from 0 to below 1: whether a slot is drawn, and which column.
    """
    rows = len(scores)
    left = scores.astype(np.float64)
    chosen = np.full((rows, k), NOTHING, dtype=np.int64)
    explored, propensity = np.zeros((rows, k), dtype=bool), np.zeros((rows, k))
    every = np.arange(rows)
    for slot in range(k):
        candidates = np.isfinite(left)
        remaining = candidates.sum(axis=1)
        best = left.argmax(axis=1)
        drawn = np.flatnonzero((draws[:, slot, 0] < share) & (remaining > 0))
        nth = np.floor(draws[drawn, slot, 1] * remaining[drawn])
        chosen[:, slot] = np.where(remaining > 0, best, NOTHING)
        chosen[drawn, slot] = (np.cumsum(candidates[drawn], axis=1) > nth[:, np.newaxis]).argmax(axis=1)
        explored[drawn, slot] = True
        evenly = share / np.maximum(remaining, 1)
        propensity[:, slot] = np.where(
            remaining > 0, evenly + np.where(chosen[:, slot] == best, 1 - share, 0.0), 0.0
        )
        left[every, np.maximum(chosen[:, slot], 0)] = -np.inf
    return chosen, explored, propensity


def _draws(ids: pa.Array, salt: str, k: int) -> Matrix:
    """Rows x k x 2 numbers from 0 to below 1, by the hash of each id, the salt and the place."""
    texts = ids.cast(pa.string()).to_pylist()
    keys = np.array([f"{salt}/{one}/{place}" for one in texts for place in range(2 * k)], dtype=object)
    hashed = pd.util.hash_array(keys, categorize=False) >> np.uint64(11)
    drawn: Matrix = (hashed.astype(np.float64) / 2.0**53).reshape(len(texts), k, 2)
    return drawn
