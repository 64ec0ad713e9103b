"""Goods of longest factors: who is found among them is who is found among all, with the very same scores."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from pipelines.models.als import score
from pipelines.models.als.factors import AlsFactors, on_grid
from pipelines.models.als.heads import heads
from pipelines.models.als.score import best_goods
from pipelines.models.als.top_k import NOTHING

PERSONS, GOODS, RANK, K = 40, 800, 4, 5


def drawn(seed: int, skew: float) -> AlsFactors:
    """Goods of which a few are long, every eighth one twice, and of coarse numbers, so that scores tie."""
    draw = np.random.default_rng(seed)
    items = np.rint(draw.normal(size=(GOODS, RANK)) * (4 + 40 * draw.random((GOODS, 1)) ** skew)) / 8
    items[::8] = items[4::8]
    persons = np.rint(draw.normal(size=(PERSONS, RANK)) * 4) / 8
    ids = [
        pa.array([f"{letter}{n:04}" for n in range(size)]) for letter, size in (("p", PERSONS), ("g", GOODS))
    ]
    buyers = draw.integers(0, 3, GOODS).astype(np.int32)
    return AlsFactors(
        ids[0], on_grid(persons.astype(np.float32)), ids[1], on_grid(items.astype(np.float32)), buyers
    )


@pytest.mark.parametrize("skew", [0.0, 4.0, 40.0], ids=["of one length", "some long", "few long"])
@pytest.mark.parametrize("seed", range(4))
def test_who_is_best_among_few_is_best_among_all(
    seed: int, skew: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score, "TRIED", 8)
    als, draw = drawn(seed, skew), np.random.default_rng(seed)
    rows = draw.permutation(np.append(np.arange(PERSONS), [-1, -1]))
    struck = draw.random((len(rows), GOODS)) < 0.2
    struck[3, 2:] = True  # nearly everything: fewer than k are left
    withdrawn = np.arange(0, GOODS, 9, dtype=np.int32)
    best, values = best_goods(als, rows, k=K, struck=np.nonzero(struck), withdrawn=withdrawn)
    for place, row in enumerate(rows):
        scores = (
            als.popular if row < 0 else als.items.astype(np.float64) @ als.persons[row].astype(np.float64)
        )
        scores = np.where(struck[place] | np.isin(np.arange(GOODS), withdrawn), -np.inf, scores)
        order = np.lexsort((np.arange(GOODS), -scores))[:K]
        order = order[scores[order] > -np.inf]
        assert best[place].tolist() == [*order, *[NOTHING] * (K - len(order))]
        assert values[place, : len(order)].tolist() == scores[order].tolist()


def test_few_goods_do_where_few_are_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of goods that are all alike every one is looked at."""
    looked: list[int] = []

    def counted(scores: NDArray[np.float64], k: int) -> NDArray[np.int32]:
        looked.append(scores.size)
        return top_k(scores, k)

    top_k = score.top_k
    monkeypatch.setattr(score, "top_k", counted)
    skewed, nothing = drawn(1, 40.0), np.empty(0, dtype=np.int64)
    alike = replace(skewed, items=np.ones_like(skewed.items))
    cells = []
    for als in (skewed, alike):
        looked.clear()
        best_goods(als, np.arange(PERSONS), k=K, struck=(nothing, nothing), withdrawn=np.empty(0, np.int32))
        cells.append(sum(looked))
    assert cells[0] < PERSONS * GOODS / 4 < PERSONS * GOODS <= cells[1]
    monkeypatch.setattr(score, "TRIED", 1)
    looked.clear()
    best_goods(alike, np.arange(PERSONS), k=K, struck=(nothing, nothing), withdrawn=np.empty(0, np.int32))
    assert sum(looked) < PERSONS * GOODS * 1.01, "one person has told that no head settles anything"


def test_the_last_head_has_all_goods_and_each_has_those_before() -> None:
    found = list(heads(drawn(1, 4.0).items, K))
    assert [len(head.items) for head in found] == [50, 200, 800]
    assert all(set(one.items) < set(other.items) for one, other in pairwise(found))
    assert found[-1].beyond == 0.0 < found[0].beyond
