"""Every expected number here can be checked by hand."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix

from pipelines.models.als import evaluate
from pipelines.models.als.evaluate import CHALLENGER, FAVOURITES, FREQUENCY, POPULARITY
from pipelines.models.als.factors import AlsFactors
from pipelines.models.als.holdout import Holdout
from pipelines.models.als.top_k import NOTHING

# Goods a, b, c are of one category, d of another. Ann has bought a twice and b once, Bob nothing.
SPLIT = Holdout(
    protocol="all",
    person_ids=pa.array(["ann", "bob"]),
    item_ids=pa.array(["a", "b", "c", "d"]),
    history=csr_matrix([[2.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]),
    targets=csr_matrix([[1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]),
    buyers=np.array([2, 1, 3, 9]),
    category=np.array([0, 0, 0, 1]),
)


def names(split: Holdout, ranking: np.ndarray) -> list[str]:
    return ["".join(split.item_ids[int(i)].as_py() for i in row if i != NOTHING) for row in ranking]


def test_ndcg_and_recall_by_hand() -> None:
    targets = csr_matrix([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    ranking = np.array([[2, 1, 0], [0, NOTHING, NOTHING]], dtype=np.int32)
    (quality,) = evaluate.measure("all", {"any": ranking}, targets, seed=1)
    first = (1 / math.log2(2) + 1 / math.log2(4)) / (1 / math.log2(2) + 1 / math.log2(3))
    assert quality.ndcg.mean == pytest.approx(first / 2)
    assert quality.recall.mean == pytest.approx((2 / 2 + 0 / 1) / 2)
    assert quality.persons == 2


def test_nothing_is_no_hit_on_the_first_good() -> None:
    ranking = np.array([[NOTHING]], dtype=np.int32)
    (quality,) = evaluate.measure("all", {"any": ranking}, csr_matrix([[1.0]]), seed=1)
    assert quality.ndcg.mean == 0.0


def test_the_ideal_counts_targets_that_no_place_is_left_for() -> None:
    ranking = np.arange(10, dtype=np.int32)[np.newaxis]
    (quality,) = evaluate.measure("all", {"any": ranking}, csr_matrix(np.ones((1, 40))), seed=1)
    assert quality.ndcg.mean == pytest.approx(1.0)
    assert quality.recall.mean == pytest.approx(10 / 40)


def test_the_interval_is_the_same_beside_any_other_and_holds_the_mean() -> None:
    values = np.random.default_rng(3).random((400, 1))
    ((one,),) = evaluate.bootstrap([values], seed=5)
    others, (again,) = evaluate.bootstrap([np.ones((400, 2)), values], seed=5)
    assert one == again
    assert {(other.low, other.mean, other.high) for other in others} == {(1.0, 1.0, 1.0)}
    assert one.low < one.mean < one.high
    assert one.high - one.low == pytest.approx(2 * 1.96 * values.std() / math.sqrt(400), rel=0.15)


def test_only_new_drops_what_was_bought_before() -> None:
    new = SPLIT.only_new()
    assert new.targets.toarray().tolist() == [[0, 0, 1, 0], [0, 0, 0, 1]]
    assert [part.tolist() for part in new.struck] == [[0, 0], [0, 1]]
    repeats = Holdout(
        **{**SPLIT.__dict__, "targets": csr_matrix([[1.0, 0, 0, 0], [0, 0, 0, 1.0]])}
    ).only_new()
    assert repeats.person_ids.to_pylist() == ["bob"]
    assert repeats.history.shape == (1, 4)


def test_baselines_by_hand() -> None:
    new = SPLIT.only_new()
    assert names(SPLIT, evaluate.popularity(SPLIT)) == ["dcab", "dcab"]
    assert names(new, evaluate.popularity(new)) == ["dc", "dcab"]
    assert names(SPLIT, evaluate.personal_frequency(SPLIT)) == ["abdc", "dcab"]
    # Ann's categories put c, bought by 3, before d, bought by 9; Bob has none and gets what is popular.
    assert names(new, evaluate.favourite_categories(new)) == ["cd", "dcab"]


def test_als_ranks_by_its_factors_and_gives_strangers_what_is_popular() -> None:
    learned = AlsFactors(
        person_ids=pa.array(["ann"]),
        persons=np.array([[1.0]], np.float32),
        item_ids=pa.array(["a", "b", "gone", "d"]),
        items=np.array([[0.1], [0.2], [0.9], [0.3]], np.float32),
        buyers=np.array([5, 4, 9, 0], np.int32),
    )
    assert names(SPLIT, evaluate.als(SPLIT, learned)) == ["dba", "ab"]
    assert names(SPLIT, evaluate.als(SPLIT.only_new(), learned)) == ["d", "ab"]


def test_the_comparison_holds_every_model_under_both_protocols() -> None:
    learned = AlsFactors(
        SPLIT.person_ids,
        np.ones((2, 1), np.float32),
        SPLIT.item_ids,
        np.ones((4, 1), np.float32),
        np.ones(4, np.int32),
    )
    compared = evaluate.compare(SPLIT, {CHALLENGER: learned}, seed=1)
    assert [(q.protocol, q.model) for q in compared] == [
        ("new", CHALLENGER),
        ("new", POPULARITY),
        ("new", FAVOURITES),
        ("all", CHALLENGER),
        ("all", POPULARITY),
        ("all", FREQUENCY),
    ]
