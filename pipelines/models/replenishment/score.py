"""The champion's word on everybody's habits, in Arrow batches of persons; no rows of two persons meet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.models.als.features import offered
from pipelines.models.lines import coded, day_number
from pipelines.models.replenishment.habits import habits
from pipelines.models.replenishment.learned import Learned, ReplenishmentParams
from pipelines.silver.person_identifiers import IDENTIFIER, current

_TYPES = {
    "person_id": "string",
    "product_id": "string",
    "purchase_days": "int",
    "interval_days": "int",
    "quantity": "double",
    "last_purchase_on": "date",
    "due_from": "date",
    "next_due_on": "date",
    "due_until": "date",
    "chance_7": "double",
    "chance_14": "double",
}
_SCHEMA = ", ".join(f"{name} {kind}" for name, kind in _TYPES.items())
_CALLED = {
    "customer_id": "person_id",
    "purchases": "purchase_days",
    "due_on": "next_due_on",
    "within_7": "chance_7",
    "within_14": "chance_14",
}
_DATES = ("last_purchase_on", "due_from", "next_due_on", "due_until")
DIGITS = 6
"""Of a chance: further ones depend on how persons are dealt to tasks."""


def purchases(
    product_days: DataFrame,
    person_identifiers: DataFrame,
    products: DataFrame,
    *,
    as_of: date,
    never_offered: Sequence[str],
) -> DataFrame:
    """`person_id, product_id, purchased_on, quantity`: days until `as_of` with goods that may be offered.

    A quantity below 0 was brought back on a day on which less was bought.
    """
    goods = offered(products, never_offered).select("product_id")
    return (
        product_days.where(F.col("purchased_on") <= F.lit(as_of))
        .join(goods, on="product_id", how="left_semi")
        .join(current(person_identifiers), on=list(IDENTIFIER), how="inner")
        .select("person_id", "product_id", "purchased_on", F.col("quantity").cast("double").alias("quantity"))
    )


def foreseen(
    purchases: DataFrame, *, as_of: date, learned: Learned, params: ReplenishmentParams
) -> DataFrame:
    """One row a person and habit of theirs: dates, and chances on the day after `as_of`.

    Args:
        purchases: See `purchases`.
        as_of: The last day that is known.
        learned: By the champion.
        params: What a habit is.
    """
    days = F.collect_list(F.struct("product_id", "purchased_on", "quantity")).alias("days")
    persons = purchases.groupBy("person_id").agg(days)
    return persons.mapInArrow(_scorer(learned, params, day_number(as_of + timedelta(days=1))), _SCHEMA)


def _scorer(
    learned: Learned, params: ReplenishmentParams, clock: int
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                yield _scored(batch, learned, params, clock)

    return score


def _scored(
    batch: pa.RecordBatch, learned: Learned, params: ReplenishmentParams, clock: int
) -> pa.RecordBatch:
    people, days = batch.columns
    bought = days.flatten()
    things, thing = coded(pa.chunked_array([bought.field(0)]))
    known = habits(
        pc.list_parent_indices(days).to_numpy().astype(np.int64),
        thing,
        bought.field(1).cast(pa.int32()).to_numpy().astype(np.int64),
        bought.field(2).to_numpy(),
    )
    found = learned.foreseen(known, people, things, clock=clock, params=params).rename(columns=_CALLED)
    return _shaped(found.round({"chance_7": DIGITS, "chance_14": DIGITS}))


def _shaped(found: pd.DataFrame) -> pa.RecordBatch:
    kinds = {"string": pa.string(), "int": pa.int32(), "double": pa.float64(), "date": pa.date32()}
    schema = pa.schema([(name, kinds[kind]) for name, kind in _TYPES.items()])
    dated = found.assign(**{name: found[name].to_numpy().astype("datetime64[D]") for name in _DATES})
    return pa.RecordBatch.from_arrays(
        [pa.array(dated[name].to_numpy()).cast(schema.field(name).type) for name in schema.names],
        schema=schema,
    )
