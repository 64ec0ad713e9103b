"""The champion's word on the new goods of a day, for everybody, in Arrow batches.

What tasks need of the day (its new goods with their buyers) is one row. It is told once for each of `GROUPS` groups of
persons and not once a person, and has `MOST` goods at most. No rows of two persons meet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy.sparse import csr_matrix

from pipelines.calc.decay import ONE, faded
from pipelines.models.als.features import purchases
from pipelines.models.lines import Codes, places
from pipelines.models.new_arrivals.catalogue import KINDS, goods
from pipelines.models.new_arrivals.features import Liked, New
from pipelines.models.new_arrivals.learned import Learned
from pipelines.silver.person_identifiers import addressable

GROUPS, MOST = 256, 2_000
_SCHEMA = "person_id string, rank int, product_id string, score double, propensity double, likes boolean, known boolean"
_LIKED = f"array<struct<{', '.join(f'{kind}: string' for kind in KINDS)}, weight: bigint>>"
_WORDS = "array<string>"


def recommend(
    product_days: DataFrame,
    person_identifiers: DataFrame,
    products: DataFrame,
    *,
    as_of: date,
    learned: Learned,
    per_person: int,
    never_offered: Sequence[str],
    explore_share: float,
) -> DataFrame:
    """`person_id, rank, product_id, score, propensity, likes, known`: new goods that each person has not bought.

    `propensity` is the probability with which the good came to its rank (`Learned.ranked`); `likes`: the person buys
    more of its category than others do; `known` is false for who has bought nothing, and gets new goods by their buyers
    and age. Of more than `MOST` new goods those with most buyers are looked at. Everybody who is known by more than a
    browser gets rows.
    """
    offered = goods(product_days, products, as_of=as_of, never_offered=never_offered)
    bought = purchases(product_days, person_identifiers, as_of=as_of).distinct()
    first = F.lit(as_of - timedelta(days=learned.params.window_days - 1))
    new = offered.where(F.col("launched_on").between(first, F.lit(as_of)))
    had = bought.join(F.broadcast(new.select("product_id")), on="product_id", how="left_semi")
    buyers = had.groupBy("product_id").agg(F.count_distinct("person_id").alias("buyers"))
    age = F.date_diff(F.lit(as_of), F.col("purchased_on")) + 1
    liked = (
        bought.join(offered.select("product_id", *KINDS), on="product_id", how="inner")
        .groupBy("person_id", *KINDS)
        .agg(F.sum(faded(age, learned.params.half_life_days)).alias("weight"))
        .groupBy("person_id")
        .agg(F.collect_list(F.struct(*KINDS, "weight")).alias("liked"))
    )
    mine = had.groupBy("person_id").agg(F.collect_set("product_id").alias("had"))
    person = F.struct(
        "person_id",
        F.coalesce("liked", F.array().cast(_LIKED)).alias("liked"),
        F.coalesce("had", F.array().cast(_WORDS)).alias("had"),
    )
    groups = (
        addressable(person_identifiers)
        .join(liked, on="person_id", how="left")
        .join(mine, on="person_id", how="left")
        .groupBy(F.pmod(F.xxhash64("person_id"), F.lit(GROUPS)).alias("_group"))
        .agg(F.collect_list(person).alias("persons"))
        .crossJoin(F.broadcast(_of_day(new, buyers, as_of)))
        .select("persons", "new")
    )
    return groups.mapInArrow(_scorer(learned, per_person, explore_share, f"0/{as_of}"), _SCHEMA)


def _of_day(new: DataFrame, buyers: DataFrame, as_of: date) -> DataFrame:
    """One row, `new`: those with most buyers first; equal ones by their id."""
    counted = new.join(buyers, on="product_id", how="left").withColumn(
        "buyers", F.coalesce("buyers", F.lit(0))
    )
    age = (F.date_diff(F.lit(as_of), F.col("launched_on")) + 1).alias("age")
    row = F.struct((-F.col("buyers")).alias("less"), "product_id", *KINDS, age)
    return counted.agg(F.slice(F.array_sort(F.collect_list(row)), 1, MOST).alias("new"))


def _scorer(
    learned: Learned, k: int, explore_share: float, salt: str
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for group in range(batch.num_rows):
                persons, new = (column.slice(group, 1).flatten() for column in batch.columns)
                yield _scored(persons, new, learned, k, explore_share, salt)

    return score


def _scored(
    persons: pa.StructArray, new: pa.StructArray, learned: Learned, k: int, explore_share: float, salt: str
) -> pa.RecordBatch:
    people, liked, had = persons.flatten()
    less, product_ids, *kinds, age = new.flatten()
    fresh = New(
        product_ids,
        {name: _coded(learned, name, column) for name, column in zip(KINDS, kinds, strict=True)},
        -less.to_numpy().astype(np.int64),
        age.to_numpy().astype(np.int64),
    )
    taken = places(had.flatten(), product_ids)
    owner = pc.list_parent_indices(had).to_numpy().astype(np.int64)
    known = taken >= 0
    found = learned.ranked(
        fresh,
        _liked(learned, liked),
        people,
        k=k,
        had=(owner[known], taken[known]),
        explore_share=explore_share,
        salt=salt,
    )
    return _rows(found, people, product_ids, pc.list_value_length(liked).to_numpy() > 0)


def _liked(learned: Learned, liked: pa.ListArray) -> Liked:
    owner = pc.list_parent_indices(liked).to_numpy().astype(np.int64)
    *kinds, weight = liked.flatten().flatten()
    weights = weight.to_numpy().astype(np.int64)
    counts = {}
    for name, column in zip(KINDS, kinds, strict=True):
        if name in learned.tastes.shares:
            code = _coded(learned, name, column)
            known = code >= 0
            shape = (len(liked), len(learned.tastes.values[name]))
            whole = csr_matrix((weights[known], (owner[known], code[known])), shape=shape)
            counts[name] = csr_matrix(whole / ONE)
    total = np.zeros(len(liked), dtype=np.int64)
    np.add.at(total, owner, weights)
    return Liked(counts, total / ONE)


def _coded(learned: Learned, name: str, column: pa.Array) -> Codes:
    """The places of values among those that were there at the training; -1: none, or not known."""
    values = learned.tastes.values.get(name)
    if values is None:
        return np.full(len(column), -1, dtype=np.int64)
    return np.where(column.is_null().to_numpy(zero_copy_only=False), -1, places(column, values))


def _rows(found: pd.DataFrame, people: pa.Array, product_ids: pa.Array, known: Codes) -> pa.RecordBatch:
    person = found["person"].to_numpy()
    return pa.RecordBatch.from_arrays(
        [
            people.take(pa.array(person)),
            pa.array(found["rank"].to_numpy(), pa.int32()),
            product_ids.take(pa.array(found["good"].to_numpy())),
            pa.array(found["score"].to_numpy()),
            pa.array(found["propensity"].to_numpy()),
            pa.array(found["likes"].to_numpy(), pa.bool_()),
            pa.array(known[person], pa.bool_()),
        ],
        names=["person_id", "rank", "product_id", "score", "propensity", "likes", "known"],
    )
