from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.models.als.top_k import NOTHING, blocks, top_k

FEW_VALUES = st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 2.0])  # few, so that there are ties


def test_the_example_of_the_docstring() -> None:
    scores = np.array([[0.2, 0.9, 0.9, 0.1], [-np.inf, 0.3, -np.inf, -np.inf]])
    assert top_k(scores, 2).tolist() == [[1, 2], [1, NOTHING]]


@given(
    st.integers(1, 6).flatmap(lambda n: arrays(np.float64, (3, n), elements=FEW_VALUES)), st.integers(1, 8)
)
def test_it_is_a_full_sort_cut_off(scores: np.ndarray, k: int) -> None:
    for row, best in zip(scores, top_k(scores, k), strict=True):
        candidates = [column for column in range(len(row)) if row[column] > -np.inf]
        expected = sorted(candidates, key=lambda column: (-row[column], column))[:k]
        assert best.tolist() == expected + [NOTHING] * (k - len(expected))


def test_wide_rows_are_sorted_by_their_best_groups_alone() -> None:
    rng = np.random.default_rng(3)
    for _ in range(100):
        columns, k = int(rng.integers(90, 3000)), int(rng.integers(1, 13))
        scores = np.round(rng.normal(size=(2, columns)), 1)  # with ties
        scores[rng.random(scores.shape) < rng.random()] = -np.inf
        for row, best in zip(scores, top_k(scores, k), strict=True):
            order = np.lexsort((np.arange(columns), -row))[:k]
            assert best.tolist() == [int(column) if row[column] > -np.inf else NOTHING for column in order]


def test_no_rows_and_no_columns() -> None:
    assert top_k(np.empty((0, 5)), 3).shape == (0, 3)
    assert top_k(np.empty((2, 0)), 1).tolist() == [[NOTHING], [NOTHING]]


def test_blocks_cover_every_row_once_however_wide() -> None:
    for columns in (0, 1, 1_999_999, 10**9):
        covered = [row for block in blocks(7, columns) for row in range(block.start, block.stop)]
        assert covered == list(range(7))
