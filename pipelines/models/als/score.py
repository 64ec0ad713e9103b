"""The best goods of each person, by blocked matrix products in Arrow batches.

spark.ml's `recommendForAllUsers` crosses persons with goods in the JVM and knows no filters. Here a task
holds the goods' factors as one matrix, multiplies a block of persons by it, strikes out what each has bought
and what may not be offered, and keeps the best. The factors travel with the function, which Spark broadcasts
once it is large.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.lakehouse.types import INT
from pipelines.models.als.factors import AlsFactors
from pipelines.models.als.features import offered, purchases
from pipelines.models.als.fold_in import folded_in
from pipelines.models.als.heads import Head, heads, lengths
from pipelines.models.als.ids import positions
from pipelines.models.als.top_k import NOTHING, blocks, top_k
from pipelines.silver.person_identifiers import addressable

TRIED, WORTH = 256, 0.5
"""A head of which the first persons tell that it settles fewer than half is not asked for the others."""
_SCHEMA = "person_id string, rank int, product_id string, score double, known boolean"


def recommend(
    product_days: DataFrame,
    person_identifiers: DataFrame,
    products: DataFrame,
    *,
    as_of: date,
    als: AlsFactors,
    per_person: int,
    never_offered: Sequence[str],
) -> DataFrame:
    """`person_id, rank, product_id, score, known`.

    The goods not bought until `as_of` that each person would like most.

    Everybody who is known by more than a browser gets rows, as far as there are candidates: goods that the model knows,
    that may be offered now and that the person has not bought. Who came after the training is folded in. `known` is
    false for who has bought none of the model's goods; then `score` is the number of recent buyers. A person's rows
    depend on their own history and the catalogue alone, so narrowing the persons changes nothing.
    """
    bought = (
        purchases(product_days, person_identifiers, as_of=as_of)
        .groupBy("person_id")
        .agg(F.collect_set("product_id").alias("bought"))
    )
    persons = (
        addressable(person_identifiers)
        .join(bought, on="person_id", how="left")
        .crossJoin(F.broadcast(withdrawn(offered(products, never_offered), als.item_ids)))
        .select(
            "person_id", F.coalesce("bought", F.array().cast("array<string>")).alias("bought"), "withdrawn"
        )
    )
    return persons.mapInArrow(_scorer(als, per_person), _SCHEMA)


def best_goods(
    als: AlsFactors,
    person_rows: NDArray[np.int64],
    *,
    k: int,
    struck: tuple[NDArray[np.int64], NDArray[np.int64]],
    withdrawn: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """The k best goods of some persons as positions in `als.item_ids`, and their scores.

    A person with fewer candidates has `NOTHING` in the last places.

    Args:
        als: The model.
        person_rows: The persons as rows of `als.persons`; -1 for one that the model does not know, who gets
            what is popular.
        k: How many goods.
        struck: Places in `person_rows`, ascending, and item positions: pairs that are no candidates.
        withdrawn: Item positions that are nobody's candidates.
    """
    best = np.full((len(person_rows), k), NOTHING, dtype=np.int32)
    values = np.full((len(person_rows), k), -np.inf)
    reach = lengths(als.persons)[person_rows]
    left = np.arange(len(person_rows))
    for head in heads(als.items, k):
        every = head.beyond == 0.0
        asked = left if every else left[person_rows[left] >= 0]
        for part in (asked,) if every else (asked[:TRIED], asked[TRIED:]):
            if not len(part):
                break
            _fill(best, values, part, head, als, person_rows, struck, withdrawn)
            if np.mean(reach[part] * head.beyond < values[part, -1]) < WORTH:
                break
        left = left[~(reach[left] * head.beyond < values[left, -1])]
    return best, values


def _fill(
    best: NDArray[np.int32],
    values: NDArray[np.float64],
    asked: NDArray[np.int64],
    head: Head,
    als: AlsFactors,
    person_rows: NDArray[np.int64],
    struck: tuple[NDArray[np.int64], NDArray[np.int64]],
    withdrawn: NDArray[np.int32],
) -> None:
    """Put what the head's goods come to in the rows of those who are asked."""
    place = np.full(len(als.item_ids), -1)
    place[head.items] = np.arange(len(head.items))
    here = place[withdrawn]
    here = here[here >= 0]
    turn = np.full(len(person_rows), -1)
    turn[asked] = np.arange(len(asked))
    owner, item = turn[struck[0]], place[struck[1]]
    inside = (owner >= 0) & (item >= 0)
    owner, item = owner[inside], item[inside]
    items, popular = als.items[head.items].T.astype(np.float64), als.popular[head.items]
    for block in blocks(len(asked), len(head.items)):
        rows = person_rows[asked[block]]
        scores = als.persons[rows].astype(np.float64) @ items
        scores[rows < 0] = popular
        scores[:, here] = -np.inf
        first, last = np.searchsorted(owner, (block.start, block.stop))
        scores[owner[first:last] - block.start, item[first:last]] = -np.inf
        found = top_k(scores, best.shape[1])
        there = found != NOTHING
        best[asked[block]] = np.where(there, head.items[np.maximum(found, 0)], NOTHING)
        values[asked[block]] = np.take_along_axis(scores, np.maximum(found, 0), axis=1)


def offers(
    als: AlsFactors,
    person_ids: pa.StringArray,
    *,
    k: int,
    struck: tuple[NDArray[np.int64], NDArray[np.int64]],
    withdrawn: NDArray[np.int32],
) -> pa.RecordBatch:
    """`person_id, rank, product_id, score, known`: what `best_goods` finds, one row an offer.

    Args:
        als: The model.
        person_ids: Any; `known` is false for one that the model does not know and cannot fold in.
        k: How many goods.
        struck: As for `best_goods`, with places in `person_ids`.
        withdrawn: As for `best_goods`.
    """
    als, person_rows = folded_in(als, person_ids, struck)
    best, values = best_goods(als, person_rows, k=k, struck=struck, withdrawn=withdrawn)
    row, place = np.nonzero(best != NOTHING)
    return pa.RecordBatch.from_arrays(
        [
            person_ids.take(pa.array(row)),
            pa.array(place + 1, pa.int32()),
            als.item_ids.take(pa.array(best[row, place])),
            pa.array(values[row, place]),
            pa.array(person_rows[row] >= 0),
        ],
        names=["person_id", "rank", "product_id", "score", "known"],
    )


def withdrawn(offered: DataFrame, item_ids: pa.StringArray) -> DataFrame:
    """One row, `withdrawn ARRAY<INT>`.

    Positions of the model's goods that may not be offered now. Mostly empty, so it is cheap to carry.
    """

    def found(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            known = pc.index_in(batch.column(0), value_set=item_ids).drop_null()
            yield pa.RecordBatch.from_arrays([known], names=["item"])

    still = offered.select("product_id").mapInArrow(found, "item int")
    every = offered.sparkSession.range(len(item_ids)).select(F.col("id").cast(INT).alias("item"))
    return every.join(still, on="item", how="left_anti").agg(F.collect_list("item").alias("withdrawn"))


def _scorer(als: AlsFactors, k: int) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                yield _scored(batch, als, k)

    return score


def _scored(batch: pa.RecordBatch, als: AlsFactors, k: int) -> pa.RecordBatch:
    person_ids, bought, withdrawn = batch.columns
    owner, item = pc.list_parent_indices(bought).to_numpy(), positions(bought.flatten(), als.item_ids)
    return offers(
        als,
        person_ids,
        k=k,
        struck=(owner[item >= 0], item[item >= 0]),
        withdrawn=withdrawn[0].values.to_numpy(),
    )
