"""The learned relations as plain arrays, and what they say of a receipt."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from pipelines.errors import DataError, UsageError
from pipelines.models.als.top_k import NOTHING, blocks, top_k
from pipelines.models.lines import Codes, Frame, arrow, coded, places
from pipelines.models.related.features import RELATIONS, Relation

REASONS: dict[Relation, str] = {
    "together": "Goes with {} on your receipt.",
    "after": "Often bought soon after {}.",
}
POPULAR = "Popular with our customers."
_FILE = "relations.parquet"


@dataclass(frozen=True)
class Relations:
    """Pairs of goods, by the first, the best other first.

    Args:
        product: Position of the first.
        other: Position of the other.
        score: See `train`; above 0.
        support: Units with both.
        lift: How much oftener than by chance; 1: no oftener.
        lift_low: Lower end of its 95 % interval.
        lift_high: Upper end.
        direction: Share of the support in this order among both orders; 0.5 and about it: none.
    """

    product: Codes
    other: Codes
    score: NDArray[np.float64]
    support: Codes
    lift: NDArray[np.float64]
    lift_low: NDArray[np.float64]
    lift_high: NDArray[np.float64]
    direction: NDArray[np.float64]

    @property
    def columns(self) -> list[NDArray[np.generic]]:
        """The arrays, in order."""
        return [getattr(self, field.name) for field in fields(self)]


@dataclass(frozen=True)
class Related:
    """A fitted model.

    Args:
        as_of: It has seen days before this one.
        product_ids: The goods, ascending.
        buyers: Of each the number of receipts that hold it.
        together: Goods of the same receipt.
        after: Goods bought soon after.
    """

    as_of: date
    product_ids: pa.Array
    buyers: Codes
    together: Relations
    after: Relations

    def rank(self, receipts: Frame, k: int = 20, *, relation: Relation = "together") -> pd.DataFrame:
        """`basket_id, rank, product_id, score, because, reason`: the k goods that go best with each receipt.

        The score of a good is the sum of its scores with the receipt's goods; `because` is the one that says most.
        Goods of the receipt are not named. A receipt whose goods say nothing gets what is popular, with the number
        of its receipts as the score, and `because` is null.

        Args:
            receipts: `basket_id, product_id`, a row a good.
            k: At most so many goods for each receipt.
            relation: Goods of the same receipt, or goods bought soon after.

        Raises:
            DataError: a column is missing.
            UsageError: there is no such relation.
        """
        if relation not in RELATIONS:
            raise UsageError(
                f"There is no relation {relation!r}", remedy=f"Ask for {' or '.join(RELATIONS)}."
            )
        table = arrow(receipts, ("basket_id", "product_id"))
        basket_ids, basket = coded(table["basket_id"])
        good = places(table["product_id"], self.product_ids)
        known = (good >= 0) & (basket >= 0)
        shape = (len(basket_ids), len(self.product_ids))
        held = csr_matrix((np.ones(int(known.sum())), (basket[known], good[known])), shape=shape)
        held.data[:] = 1.0
        best, score, because = best_related(self.matrix(relation), held, self.buyers, k)
        row, place = np.nonzero(best != NOTHING)
        reason = because[row, place]
        named = self.product_ids.take(pa.array(reason, mask=reason == NOTHING))
        words = [POPULAR if one is None else REASONS[relation].format(one) for one in named.to_pylist()]
        return pd.DataFrame(
            {
                "basket_id": basket_ids.take(pa.array(row)).to_pandas(),
                "rank": (place + 1).astype(np.int32),
                "product_id": self.product_ids.take(pa.array(best[row, place])).to_pandas(),
                "score": score[row, place],
                "because": named.to_pandas(),
                "reason": words,
            }
        )

    def evidence(self, relation: Relation = "together") -> pd.DataFrame:
        """`product_id, other_id` and the columns of `Relations`: every pair that is kept."""
        found = getattr(self, relation)
        frame = pd.DataFrame({field.name: getattr(found, field.name) for field in fields(found)})
        frame.insert(0, "product_id", self.product_ids.take(pa.array(found.product)).to_pandas())
        frame.insert(1, "other_id", self.product_ids.take(pa.array(found.other)).to_pandas())
        return frame.drop(columns=["product", "other"])

    def matrix(self, relation: Relation) -> csr_matrix:
        """Goods x goods: the scores of the pairs that are kept, 0 for all others."""
        found, goods = getattr(self, relation), len(self.product_ids)
        return csr_matrix((found.score, (found.product, found.other)), shape=(goods, goods))


def best_related(
    scores: csr_matrix, held: csr_matrix, buyers: Codes, k: int, *, barred: Codes | None = None
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int32]]:
    """Of each row of `held` the k best goods not in it, their scores, and the good that says most for each.

    Goods at the positions `barred` are not named. `NOTHING` where there are fewer, and for the third where the good is
    named for being popular.
    """
    rows, goods = held.shape
    best = np.full((rows, k), NOTHING, dtype=np.int32)
    values, because = np.zeros((rows, k)), np.full((rows, k), NOTHING, dtype=np.int32)
    for block in blocks(rows, goods):
        some = held[block]
        dense = np.asarray((some @ scores).todense(), dtype=np.float64)
        silent = ~dense.any(axis=1)
        dense[dense == 0] = -np.inf
        dense[silent] = buyers
        row, column = some.nonzero()
        dense[row, column] = -np.inf
        if barred is not None:
            dense[:, barred] = -np.inf
        best[block] = top_k(dense, k)
        values[block] = np.take_along_axis(dense, np.maximum(best[block], 0), axis=1)
        for place in np.flatnonzero(~silent):
            own = some.indices[some.indptr[place] : some.indptr[place + 1]]
            parts = np.asarray(scores[own][:, np.maximum(best[block][place], 0)].todense())
            because[block.start + place] = np.where(
                best[block][place] == NOTHING, NOTHING, own[parts.argmax(axis=0)]
            )
    return best, values, because


def write(model: Related, folder: Path) -> None:
    """`relations.parquet`, `goods.parquet` and `model.json`, into a folder that is there."""
    parts = []
    for relation in RELATIONS:
        found = getattr(model, relation)
        columns = {field.name: getattr(found, field.name) for field in fields(found)}
        parts.append(
            pa.table({"relation": pa.array([relation] * len(found.product), pa.string()), **columns})
        )
    pq.write_table(pa.concat_tables(parts), folder / _FILE)
    goods = pa.table({"product_id": model.product_ids, "buyers": model.buyers})
    pq.write_table(goods, folder / "goods.parquet")
    (folder / "model.json").write_text(json.dumps({"as_of": model.as_of.isoformat()}), encoding="utf-8")


def read(folder: Path) -> Related:
    """What `write` wrote.

    Raises:
        DataError: a file is missing or is not what `write` writes.
    """
    try:
        table, goods = pq.read_table(folder / _FILE), pq.read_table(folder / "goods.parquet")
        as_of = date.fromisoformat(json.loads((folder / "model.json").read_text(encoding="utf-8"))["as_of"])
        relations = {
            relation: Relations(
                *(
                    table.filter(pa.compute.equal(table["relation"], relation))[field.name].to_numpy()
                    for field in fields(Relations)
                )
            )
            for relation in RELATIONS
        }
        ids = goods["product_id"].combine_chunks()
        return Related(as_of, ids, goods["buyers"].to_numpy(), relations["together"], relations["after"])
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        raise DataError(
            f"The model cannot be read from {folder}: {error}",
            remedy="Train again with `tillpost train`; the model's artifacts are damaged or gone.",
        ) from error
