"""A fitted model beside the persons that it was fitted on: the new goods of its day for each of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pipelines.models.lines import Codes, places
from pipelines.models.new_arrivals.features import Liked, New
from pipelines.models.new_arrivals.learned import Learned

NEW_IN = "New in %s, which you like."
NEW = "New in our shops."


@dataclass(frozen=True)
class NewArrivals:
    """A fitted model.

    Args:
        as_of: It has seen days before this one.
        customer_ids: Persons, ascending.
        learned: What was learned of everybody.
        liked: What each person bought.
        new: The new goods on `as_of`.
        had: Persons and new goods, by place: what was bought already.
    """

    as_of: date
    customer_ids: pa.Array
    learned: Learned
    liked: Liked
    new: New
    had: tuple[Codes, Codes]

    def rank(self, customers: Any, k: int = 20, *, explore_share: float = 0.0, seed: int = 0) -> pd.DataFrame:
        """`customer_id, rank, product_id, score, explored, propensity, reason`: new goods not bought yet.

        `Learned.ranked` says how slots are filled. A person who is not known gets new goods by their buyers and
        age. Without new goods there are no rows.

        Args:
            customers: Ids.
            k: At most so many goods for each.
            explore_share: From 0 to 1: of slots that are drawn.
            seed: Of the draws.

        Raises:
            UsageError: the share is none.
        """
        ids = pa.array(customers)
        persons = places(ids, self.customer_ids)
        found = self.learned.ranked(
            self.new,
            self.liked.rows(persons),
            ids,
            k=k,
            had=_asked(self.had, persons),
            explore_share=explore_share,
            salt=f"{seed}/{self.as_of}",
        )
        good = found["good"].to_numpy()
        return pd.DataFrame(
            {
                "customer_id": ids.take(pa.array(found["person"].to_numpy())).to_pandas(),
                "rank": found["rank"].to_numpy().astype(np.int32),
                "product_id": self.new.product_ids.take(pa.array(good)).to_pandas(),
                **{name: found[name].to_numpy() for name in ("score", "explored", "propensity")},
                "reason": reasons(self.learned, self.new, good, found["likes"].to_numpy()),
            }
        )


def reasons(learned: Learned, new: New, goods: Codes, likes: Any) -> list[str]:
    """Names the good's kind where the person likes it more than others do."""
    if learned.kind is None:
        return [NEW] * len(goods)
    code = np.maximum(new.codes[learned.kind][goods], 0)
    named = learned.tastes.values[learned.kind].take(pa.array(code)).to_pylist()
    return [NEW_IN % name if liked else NEW for name, liked in zip(named, likes, strict=True)]


def _asked(had: tuple[Codes, Codes], persons: Codes) -> tuple[Codes, Codes]:
    """What was bought by the persons asked, in their order; one may be asked twice."""
    order = np.argsort(had[0], kind="stable")
    owner, good = had[0][order], had[1][order]
    start, end = np.searchsorted(owner, persons), np.searchsorted(owner, persons, side="right")
    count = np.where(persons >= 0, end - start, 0)
    row = np.repeat(np.arange(len(persons)), count)
    offset = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    return row, good[start[row] + offset]
