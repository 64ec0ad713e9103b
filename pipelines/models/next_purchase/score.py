"""The champion's ranking for everybody, in Arrow batches of persons with their whole history.

A task holds the ranker (goods, references, trees) and ranks the persons of a batch in blocks; no rows of two persons
meet, so persons can be dealt to tasks at will.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.models.als.features import offered, purchases
from pipelines.models.als.score import withdrawn
from pipelines.models.lines import day_number, places
from pipelines.models.next_purchase.model import Ranker
from pipelines.models.next_purchase.visits import purchased
from pipelines.silver.person_identifiers import addressable

COLUMNS = ("person_id", "rank", "product_id", "score", "reason")
_SCHEMA = "person_id string, rank int, product_id string, score double, reason string"
_HISTORY = "array<struct<product_id: string, purchased_on: date>>"


def recommend(
    product_days: DataFrame,
    person_identifiers: DataFrame,
    products: DataFrame,
    *,
    as_of: date,
    ranker: Ranker,
    per_person: int,
    never_offered: Sequence[str],
) -> DataFrame:
    """`person_id, rank, product_id, score, reason`: what each will likeliest buy on the next visit after `as_of`.

    Everybody who is known by more than a browser gets rows; who has bought nothing gets what is popular. Goods that the
    ranker does not know, or that may not be offered now, are no candidates.
    """
    history = (
        purchases(product_days, person_identifiers, as_of=as_of)
        .groupBy("person_id")
        .agg(F.collect_list(F.struct("product_id", "purchased_on")).alias("history"))
    )
    persons = (
        addressable(person_identifiers)
        .join(history, on="person_id", how="left")
        .crossJoin(F.broadcast(withdrawn(offered(products, never_offered), ranker.goods)))
        .select("person_id", F.coalesce("history", F.array().cast(_HISTORY)).alias("history"), "withdrawn")
    )
    clock = day_number(as_of + timedelta(days=1))
    return persons.mapInArrow(_scorer(ranker, per_person, clock), _SCHEMA)


def _scorer(
    ranker: Ranker, k: int, clock: int
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                yield _scored(batch, ranker, k, clock)

    return score


def _scored(batch: pa.RecordBatch, ranker: Ranker, k: int, clock: int) -> pa.RecordBatch:
    person_ids, history, gone = batch.columns
    bought = history.flatten()
    owner = pc.list_parent_indices(history).to_numpy().astype(np.int64)
    good = places(bought.field(0), ranker.goods)
    day = bought.field(1).cast(pa.int32()).to_numpy().astype(np.int64)
    known = good >= 0
    asked = purchased(owner[known], good[known], day[known], np.full(batch.num_rows, clock))
    frame = ranker.ranked(asked, person_ids, k=k, barred=gone[0].values.to_numpy())
    frame = frame.rename(columns={"customer_id": "person_id"}).astype({"rank": np.int32})
    return pa.RecordBatch.from_pandas(frame[list(COLUMNS)], preserve_index=False)
