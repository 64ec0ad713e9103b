from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from pipelines.models.als import solver
from pipelines.models.als.solver import solve

RANK, REG, ALPHA = 6, 0.1, 3.0


@pytest.fixture(scope="module")
def strengths() -> csr_matrix:
    """40 persons who have bought 1 to 60 of 70 goods: fewer and more than the rank, and lengths that are rounded up."""
    rng = np.random.default_rng(1)
    cells = np.zeros((40, 70))
    for person in cells:
        count = rng.integers(1, 61)
        person[rng.choice(70, count, replace=False)] = rng.gamma(1.0, size=count) + 1e-6
    return csr_matrix(cells[:, cells.any(axis=0)])


def solved(strengths: csr_matrix, *, iterations: int = 3, threads: int = 2) -> tuple[np.ndarray, np.ndarray]:
    return solve(
        strengths, rank=RANK, iterations=iterations, reg_param=REG, alpha=ALPHA, seed=5, threads=threads
    )


def gradient(strengths: csr_matrix, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Half the objective's gradient in each row, written out for the dense matrix."""
    confidence = 1.0 + ALPHA * strengths.toarray()
    preference = (strengths.toarray() > 0).astype(float)
    rows, others = rows.astype(np.float64), others.astype(np.float64)
    penalty = REG * preference.sum(axis=1, keepdims=True) * rows
    return (confidence * (rows @ others.T - preference)) @ others + penalty


def test_after_the_last_half_step_the_persons_are_exact(strengths: csr_matrix) -> None:
    persons, items = solved(strengths)
    assert np.abs(gradient(strengths, persons, items)).max() < 1e-3
    moved = persons + np.float32(0.01)
    assert np.abs(gradient(strengths, moved, items)).min(axis=1).max() > 0.01  # so the bound says something


def test_in_the_end_both_sides_are_exact(strengths: csr_matrix) -> None:
    persons, items = solved(strengths, iterations=100)
    assert np.abs(gradient(strengths, persons, items)).max() < 1e-3
    assert np.abs(gradient(csr_matrix(strengths.T), items, persons)).max() < 1e-2


def test_the_factors_are_the_same_bytes_on_any_number_of_threads_and_in_blocks_of_any_size(
    strengths: csr_matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [side.tobytes() for side in solved(strengths, threads=1)]
    assert [side.tobytes() for side in solved(strengths, threads=3)] == expected
    monkeypatch.setattr(solver, "_CELLS", 1)  # every row alone
    assert [side.tobytes() for side in solved(strengths)] == expected


def test_one_person_and_one_good_by_hand() -> None:
    """The person's first factor is 1 or -1; with 1 + w = 1 + 3 * 2 = 7, the good's is 7 / (7 + 0.1) of it."""
    (person,), (item,) = solve(csr_matrix([[2.0]]), rank=1, iterations=1, reg_param=0.1, alpha=3.0, seed=5)
    assert abs(item[0]) == pytest.approx(7 / 7.1)
    assert person[0] == pytest.approx(7 * item[0] / (7 * item[0] ** 2 + 0.1))
