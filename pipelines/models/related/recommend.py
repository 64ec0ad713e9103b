"""The champion's answer to everybody's last shopping day, in Arrow batches of persons; no rows of two persons meet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy.sparse import csr_matrix

from pipelines.models.als.features import offered, purchases
from pipelines.models.als.score import withdrawn
from pipelines.models.als.top_k import NOTHING
from pipelines.models.lines import places
from pipelines.models.related.score import Related, best_related

_SCHEMA = "person_id string, rank int, product_id string, score double, because string"
COLUMNS = ("person_id", "rank", "product_id", "score", "because")


def recommend(
    product_days: DataFrame,
    person_identifiers: DataFrame,
    products: DataFrame,
    *,
    as_of: date,
    model: Related,
    per_person: int,
    never_offered: Sequence[str],
    recent_days: int,
) -> DataFrame:
    """`person_id, rank, product_id, score, because`: goods that go best with those of a person's last shopping day.

    `because` is the good of that day that says most for it. A day longer ago than `recent_days`, and one whose goods
    say nothing, gives no rows.
    """
    days = purchases(product_days, person_identifiers, as_of=as_of).where(
        F.col("purchased_on") > F.lit(as_of - timedelta(recent_days))
    )
    last = days.groupBy("person_id").agg(F.max("purchased_on").alias("purchased_on"))
    baskets = (
        days.join(last, on=["person_id", "purchased_on"], how="left_semi")
        .groupBy("person_id")
        .agg(F.collect_set("product_id").alias("goods"))
        .crossJoin(F.broadcast(withdrawn(offered(products, never_offered), model.product_ids)))
        .select("person_id", "goods", "withdrawn")
    )
    return baskets.mapInArrow(_scorer(model.product_ids, model.matrix("together"), per_person), _SCHEMA)


def _scorer(
    goods: pa.Array, scores: csr_matrix, k: int
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What tasks get: the goods and their scores, a tenth of the model, since evidence names nothing."""

    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                yield _scored(batch, goods, scores, k)

    return score


def _scored(batch: pa.RecordBatch, goods: pa.Array, scores: csr_matrix, k: int) -> pa.RecordBatch:
    persons, bought, gone = batch.columns
    owner = pc.list_parent_indices(bought).to_numpy()
    good = places(bought.flatten(), goods)
    known = good >= 0
    cells = (np.ones(int(known.sum())), (owner[known], good[known]))
    held = csr_matrix(cells, shape=(batch.num_rows, len(goods)))
    nobody = np.zeros(len(goods), dtype=np.int64)
    best, score, because = best_related(scores, held, nobody, k, barred=gone[0].values.to_numpy())
    row, place = np.nonzero(because != NOTHING)
    return pa.RecordBatch.from_arrays(
        [
            persons.take(pa.array(row)),
            pa.array(place + 1, pa.int32()),
            goods.take(pa.array(best[row, place])),
            pa.array(score[row, place]),
            goods.take(pa.array(because[row, place])),
        ],
        names=list(COLUMNS),
    )
