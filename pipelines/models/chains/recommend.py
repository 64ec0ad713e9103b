"""The champion's word on where everybody has been, in Arrow batches of persons; no rows of two persons meet."""

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
from pipelines.models.chains.catalogue import births
from pipelines.models.chains.features import firsts
from pipelines.models.chains.learned import Learned
from pipelines.models.lines import day_number, places

_SCHEMA = (
    "person_id string, rank int, product_id string, score double, before string, after string, by_age boolean, "
    "usual_days int"
)


def recommend(
    product_days: DataFrame,
    person_identifiers: DataFrame,
    products: DataFrame,
    customers: DataFrame,
    *,
    as_of: date,
    learned: Learned,
    per_person: int,
    never_offered: Sequence[str],
    within_days: int,
    least_chance: float,
) -> DataFrame:
    """`person_id, rank, product_id, score, before, after, by_age, usual_days`: what comes next for each person.

    `score` is the chance that it comes within `within_days` after `as_of`; steps of less than `least_chance` are left
    out, and a person without any has no rows. `usual_days` is the time from `before` to `after`, or by the child's age
    where that is the clock (`by_age`).
    """
    history = (
        purchases(product_days, person_identifiers, as_of=as_of)
        .groupBy("person_id")
        .agg(F.collect_list(F.struct("product_id", "purchased_on")).alias("history"))
    )
    persons = (
        history.join(births(customers, person_identifiers, as_of=as_of), on="person_id", how="left")
        .crossJoin(F.broadcast(withdrawn(offered(products, never_offered), learned.product_ids)))
        .select("person_id", "history", "born_on", "withdrawn")
    )
    clock = day_number(as_of + timedelta(days=1))
    return persons.mapInArrow(_scorer(learned, per_person, clock, within_days, least_chance), _SCHEMA)


def _scorer(
    learned: Learned, k: int, clock: int, within_days: int, least_chance: float
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                yield _scored(batch, learned, k, clock, within_days, least_chance)

    return score


def _scored(
    batch: pa.RecordBatch, learned: Learned, k: int, clock: int, within_days: int, least_chance: float
) -> pa.RecordBatch:
    people, history, born, gone = batch.columns
    bought = history.flatten()
    been = firsts(
        pc.list_parent_indices(history).to_numpy().astype(np.int64),
        places(bought.field(0), learned.product_ids),
        bought.field(1).cast(pa.int32()).to_numpy().astype(np.int64),
        learned.of_product,
    )
    births = born.cast(pa.int32()).cast(pa.float64()).to_numpy(zero_copy_only=False)
    steps = learned.steps(
        been, births, clock=clock, within_days=within_days, barred=gone[0].values.to_numpy()
    )
    best = learned.best(steps[steps["score"] >= least_chance], k)
    named = {name: [str(learned.names[state][1]) for state in best[name]] for name in ("before", "state")}
    return pa.RecordBatch.from_arrays(
        [
            people.take(pa.array(best["customer"].to_numpy())),
            pa.array(best["rank"].to_numpy(), pa.int32()),
            learned.product_ids.take(pa.array(best["product"].to_numpy())),
            pa.array(best["score"].to_numpy()),
            pa.array(named["before"], pa.string()),
            pa.array(named["state"], pa.string()),
            pa.array(best["by_age"].to_numpy(), pa.bool_()),
            pa.array(best["usual"].to_numpy(), pa.int32()),
        ],
        names=["person_id", "rank", "product_id", "score", "before", "after", "by_age", "usual_days"],
    )
