from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import DataError
from pipelines.models.als import factors
from pipelines.models.als.factors import MAX_RANK, AlsFactors, on_grid


def random_matrix(seed: int, shape: tuple[int, int], scale: float = 1.0) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=shape) * scale).astype(np.float32)


@given(st.integers(0, 10_000), st.sampled_from([1e-6, 0.3, 1.0, 7.0, 1e6]))
def test_sums_of_products_are_exact_so_any_order_gives_the_same_score(seed: int, scale: float) -> None:
    persons, items = (on_grid(random_matrix(seed + i, (4, 64), scale)).astype(np.float64) for i in range(2))
    order = np.random.default_rng(seed).permutation(64)
    together = persons @ items.T
    assert (together == persons[:, order] @ items[:, order].T).all()
    assert (together[2] == persons[2] @ items.T).all()


def test_the_grid_is_close_to_what_it_rounds() -> None:
    matrix = random_matrix(1, (100, 8))
    assert np.abs(on_grid(matrix) - matrix).max() < np.abs(matrix).max() * 2.0**-21


def test_a_zero_matrix_stays_and_a_wide_one_is_refused() -> None:
    assert not on_grid(np.zeros((2, 2), dtype=np.float32)).any()
    with pytest.raises(ValueError, match=str(MAX_RANK)):
        on_grid(np.zeros((2, MAX_RANK + 1), dtype=np.float32))


def test_what_is_written_is_read_bit_for_bit(tmp_path: Path) -> None:
    learned = AlsFactors(
        pa.array(["p1", "p2"]),
        random_matrix(1, (2, 3)),
        pa.array(["i1"]),
        random_matrix(2, (1, 3)),
        np.array([4], np.int32),
    )
    factors.write(learned, tmp_path)
    again = factors.read(tmp_path)
    assert again.person_ids.equals(learned.person_ids)
    assert again.item_ids.equals(learned.item_ids)
    for name in ("persons", "items", "buyers"):
        np.testing.assert_array_equal(getattr(again, name), getattr(learned, name))


def test_missing_files_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="tillpost train"):
        factors.read(tmp_path)


def test_goods_without_recent_buyers_are_not_popular() -> None:
    learned = AlsFactors(
        pa.array(["p"]),
        np.ones((1, 1), np.float32),
        pa.array(["a", "b"]),
        np.ones((2, 1), np.float32),
        np.array([0, 3], np.int32),
    )
    assert learned.popular.tolist() == [-np.inf, 3.0]
