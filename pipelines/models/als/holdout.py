"""A split by time as matrices: what models may know of a sample of persons, and what they should foresee."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy.sparse import csr_matrix

from pipelines.errors import DataError
from pipelines.models.als.ids import distinct, positions
from pipelines.models.days import MAX_PERSONS

Protocol = Literal["all", "new"]


@dataclass(frozen=True)
class Holdout:
    """One row a person with targets, one column a good bought before or after the split.

    Args:
        protocol: `all`: goods bought before may be ranked. `new`: they may not, and are no targets.
        person_ids: Arrow strings, ascending.
        item_ids: Arrow strings, ascending.
        history: Faded strength of what each person bought before the split; an empty cell: not bought.
        targets: 1 for what each person bought after the split.
        buyers: Of each good, its buyers in the last `half_life_days` before the split.
        category: Of each good the number of its category; goods without one share a number.
    """

    protocol: Protocol
    person_ids: pa.StringArray
    item_ids: pa.StringArray
    history: csr_matrix
    targets: csr_matrix
    buyers: NDArray[np.int64]
    category: NDArray[np.int64]

    @property
    def struck(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows, ascending, and columns that no ranking may hold."""
        if self.protocol == "all":
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        rows, columns = self.history.nonzero()
        return rows.astype(np.int64), columns.astype(np.int64)

    def only_new(self) -> Holdout:
        """The same split under the protocol `new`.

        Targets bought before are dropped, and then persons without targets.
        """
        targets = csr_matrix(self.targets - self.targets.multiply(self.history != 0))
        targets.eliminate_zeros()
        rows = np.flatnonzero(targets.getnnz(axis=1))
        return replace(
            self,
            protocol="new",
            person_ids=self.person_ids.take(pa.array(rows)),
            history=self.history[rows],
            targets=targets[rows],
        )


def take_holdout(
    histories: DataFrame,
    strengths: DataFrame,
    offered: DataFrame,
    *,
    split: date,
    half_life_days: int,
) -> Holdout:
    """Collect the split for at most `MAX_PERSONS` persons. The caller has cached the frames.

    Args:
        histories: `features.histories` until the end of the holdout.
        strengths: `features.strengths` until `split`.
        offered: `features.offered`.
        split: The last day that models may know.
        half_life_days: Days before the split that count as recent.

    Raises:
        DataError: nobody bought anything after the split.
    """
    bought_after = histories.where(F.array_max("days") > F.lit(split)).select("person_id", "product_id")
    persons = bought_after.select("person_id").distinct().orderBy("person_id").limit(MAX_PERSONS)
    recent = F.count_if(F.col("last_purchased_on") > F.lit(split - timedelta(days=half_life_days)))
    goods = strengths.groupBy("product_id").agg(recent.alias("buyers"))
    after = bought_after.join(persons, on="person_id", how="left_semi").toArrow()
    before = strengths.join(persons, on="person_id", how="left_semi").drop("last_purchased_on").toArrow()
    known = (
        bought_after.select("product_id")
        .distinct()
        .join(goods, on="product_id", how="full")
        .join(offered, on="product_id", how="left")
        .orderBy("product_id")
        .toArrow()
    )
    if not after.num_rows:
        raise DataError(
            f"Nobody bought anything after {split}, so there is nothing to compare models on",
            remedy="Train with an --as-of that has als.holdout_days of receipts before it.",
        )
    person_ids, item_ids = distinct(after["person_id"]), known["product_id"].combine_chunks()
    return Holdout(
        protocol="all",
        person_ids=person_ids,
        item_ids=item_ids,
        history=_matrix(before, person_ids, item_ids, before["strength"].to_numpy()),
        targets=_matrix(after, person_ids, item_ids, np.ones(after.num_rows)),
        buyers=known["buyers"].fill_null(0).to_numpy(),
        category=known["category"]
        .fill_null("")
        .combine_chunks()
        .dictionary_encode()
        .indices.to_numpy()
        .astype(np.int64),
    )


def _matrix(
    pairs: pa.Table, person_ids: pa.StringArray, item_ids: pa.StringArray, cells: NDArray[np.float64]
) -> csr_matrix:
    rows = positions(pairs["person_id"], person_ids)
    columns = positions(pairs["product_id"], item_ids)
    matrix = csr_matrix((cells, (rows, columns)), shape=(len(person_ids), len(item_ids)))
    matrix.sort_indices()
    return matrix
