"""Implicit ALS on the driver: the normal equations of `train`'s objective, solved exactly in numpy.

**One half step.** With the other side's factors Y fixed, row u minimises `sum of c * (p - x.y)**2 + reg_param *
n_u * |x|**2`, so `(Y'Y + Y_u' W Y_u + reg_param * n_u * I) x = Y_u' (1 + w)`: Y_u are the factors of the n_u goods
of u, `w = alpha * strength > 0`, W its diagonal matrix. Items first, then persons, as in spark.ml; so at the end
the persons are exact for the items.

**How it is solved.** In the basis of Y'Y's eigenvectors, `Y'Y + reg_param * n_u * I` is a diagonal matrix D for every
row. With `P = W**(1/2) Y_u D**(-1/2)` and `q = (1 + w) / w**(1/2)`, the solution is `x = D**(-1/2) v` with

    v = (I + P'P)**-1 P'q = P' (I + PP')**-1 q.

The first is a system of the rank, the second of n_u; the smaller one is solved. No eigenvalue of either is below 1, so
float32, in which spark.ml and implicit keep factors too, is enough.

**Determinism.** A row's arithmetic depends on its own cells and on Y alone, in the order of the ids: BLAS gets one
thread, and the rows are shared among the cores. The same interactions give the same bytes in any order and on any
number of cores of one kind of machine.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

Matrix = NDArray[np.float32]
_CELLS = 300_000  # of P held at once by a thread: some megabytes, or one row where it is longer


@dataclass(frozen=True)
class _Block:
    """Rows with about as many observations each, side by side; shorter ones end in cells of weight 0.

    Args:
        rows: Their positions.
        observations: How many each has.
        others: A row for each of them: positions on the other side.
        roots: Likewise: w ** (1/2) of each observation.
    """

    rows: NDArray[np.int64]
    observations: NDArray[np.int64]
    others: NDArray[np.int32]
    roots: Matrix


def solve(
    strengths: csr_matrix,
    *,
    rank: int,
    iterations: int,
    reg_param: float,
    alpha: float,
    seed: int,
    threads: int | None = None,
) -> tuple[Matrix, Matrix]:
    """Factors of the persons and of the items, one row each.

    Args:
        strengths: Persons x items; above 0 where there is an interaction, and no row or column without one.
        rank: Columns of the factors.
        iterations: Each solves the items, then the persons.
        reg_param: Penalty of a squared length, for each observation.
        alpha: Weight of one unit of strength.
        seed: Of the persons' first factors: directions drawn evenly, of length 1.
        threads: How many rows' blocks are solved at once; null: one for each core. No result depends on it.
    """
    first = np.random.default_rng(seed).standard_normal((strengths.shape[0], rank))
    persons: Matrix = (first / np.linalg.norm(first, axis=1, keepdims=True)).astype(np.float32)
    of_persons, of_items = (_blocks(csr_matrix(m), alpha, rank) for m in (strengths, strengths.T))
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool, threadpool_limits(1, "blas"):
        for _ in range(iterations):
            items = _half_step(of_items, persons, strengths.shape[1], reg_param, pool)
            persons = _half_step(of_persons, items, strengths.shape[0], reg_param, pool)
    return persons, items


def fold_in(strengths: csr_matrix, items: Matrix, *, reg_param: float, alpha: float) -> Matrix:
    """Factors of persons, known or new, from the factors of the items: one half step, without a refit.

    Args:
        strengths: Persons x items; a person without an interaction gets zeros.
        items: One row each, as `solve` gave them.
        reg_param: As of `solve`.
        alpha: As of `solve`.
    """
    filled = np.flatnonzero(strengths.getnnz(axis=1))
    persons = np.zeros((strengths.shape[0], items.shape[1]), dtype=np.float32)
    if len(filled):
        blocks = _blocks(csr_matrix(strengths[filled]), alpha, items.shape[1])
        with ThreadPoolExecutor(os.cpu_count()) as pool, threadpool_limits(1, "blas"):
            persons[filled] = _half_step(blocks, items, len(filled), reg_param, pool)
    return persons


def _blocks(matrix: csr_matrix, alpha: float, rank: int) -> Sequence[_Block]:
    """All rows, the longest first. Lengths are rounded up by less than an eighth, so there are few distinct ones."""
    matrix.sort_indices()
    length = np.diff(matrix.indptr).astype(np.int64)
    step = 2 ** np.maximum(0, np.ceil(np.log2(np.maximum(length, 1))).astype(np.int64) - 4)
    width = -(-length // step) * step
    # One cell more, of weight 0, is what shorter rows end in.
    others = np.append(matrix.indices, 0).astype(np.int32)
    roots = np.append(np.sqrt(alpha * matrix.data), 0.0).astype(np.float32)
    order = np.argsort(-width, kind="stable")
    starts = np.flatnonzero(np.diff(width[order], prepend=-1))
    found = []
    for alike in np.split(order, starts[1:]):
        wide = int(width[alike[0]])
        count = max(1, _CELLS // (wide * rank))
        for rows in (alike[start : start + count] for start in range(0, len(alike), count)):
            place = np.arange(wide)
            cell = np.where(
                place < length[rows, np.newaxis], matrix.indptr[rows, np.newaxis] + place, matrix.nnz
            )
            found.append(_Block(rows, length[rows], others[cell], roots[cell]))
    return found


def _half_step(
    blocks: Sequence[_Block], fixed: Matrix, rows: int, reg_param: float, pool: ThreadPoolExecutor
) -> Matrix:
    """The factors of one side, given the other's."""
    wide = fixed.astype(np.float64)
    values, vectors = np.linalg.eigh(wide.T @ wide)
    turned = (wide @ vectors).astype(np.float32)
    solved = np.empty((rows, fixed.shape[1]), dtype=np.float32)

    def work(block: _Block) -> None:
        penalty = reg_param * block.observations[:, np.newaxis]
        scale = 1.0 / np.sqrt(np.maximum(values, 0.0) + penalty)  # rounding may leave an eigenvalue below 0
        solved[block.rows] = (_solution(block, turned, scale.astype(np.float32)) * scale) @ vectors.T

    for _ in pool.map(work, blocks):  # raises what a thread has raised
        pass
    return solved


def _solution(block: _Block, turned: Matrix, scale: Matrix) -> Matrix:
    """The v of the module's docstring for each row, by the smaller of its two systems."""
    roots = block.roots
    p = np.take(turned, block.others, axis=0)
    p *= roots[:, :, np.newaxis]
    p *= scale[:, np.newaxis, :]
    q = roots + np.divide(1.0, roots, out=np.zeros_like(roots), where=roots > 0)
    transposed = p.transpose(0, 2, 1)
    if p.shape[1] > p.shape[2]:
        return _solved(transposed @ p, (transposed @ q[:, :, np.newaxis])[:, :, 0])
    v: Matrix = (transposed @ _solved(p @ transposed, q)[:, :, np.newaxis])[:, :, 0]
    return v


def _solved(grams: Matrix, right: Matrix) -> Matrix:
    """(I + gram)**-1 right, for each row."""
    diagonal = np.arange(grams.shape[1])
    grams[:, diagonal, diagonal] += 1.0
    solution: Matrix = np.linalg.solve(grams, right[:, :, np.newaxis])[:, :, 0]
    return solution
