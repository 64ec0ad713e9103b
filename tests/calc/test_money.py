"""Whatever is shared out sums to what there was, and nobody is further than a unit from his part."""

from __future__ import annotations

import doctest
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.calc import money
from pipelines.calc.money import CENT, rounded, rounded_rows, shared

AMOUNTS = st.integers(-(10**9), 10**9).map(lambda cents: Decimal(cents).scaleb(-2))
WEIGHTS = st.lists(st.integers(0, 1000), min_size=1, max_size=9).filter(any)


def test_the_examples_in_docstrings_hold() -> None:
    outcome = doctest.testmod(money, extraglobs={"np": np})
    assert (outcome.failed, outcome.attempted >= 3) == (0, True)


@given(AMOUNTS, WEIGHTS)
def test_no_cent_is_lost_and_no_part_is_a_cent_off(amount: Decimal, weights: list[int]) -> None:
    parts = shared(amount, weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(Fraction(part) - Fraction(amount) * weight / sum(weights)) < Fraction(CENT)
        assert weight or not part


@given(AMOUNTS, WEIGHTS)
def test_a_return_takes_back_what_the_sale_had_given(amount: Decimal, weights: list[int]) -> None:
    assert shared(-amount, weights) == [-part for part in shared(amount, weights)]


def test_of_equal_losses_the_earlier_is_served_first() -> None:
    assert shared(Decimal("0.02"), [1, 1, 1]) == [Decimal("0.01"), Decimal("0.01"), Decimal("0.00")]


def test_parts_of_both_signs_keep_their_sum() -> None:
    assert rounded([Decimal("5.005"), Decimal("-5.005")], Decimal(0)) == [Decimal("5.01"), Decimal("-5.01")]


@given(st.lists(st.tuples(AMOUNTS, WEIGHTS), min_size=1, max_size=6))
def test_many_at_once_are_as_each_alone(given_: list[tuple[Decimal, list[int]]]) -> None:
    totals = np.array([int(amount * 100) for amount, _ in given_])
    rows = np.repeat(np.arange(len(given_)), [len(weights) for _, weights in given_])
    exact = [cents * (weight / sum(w)) for cents, (_, w) in zip(totals, given_, strict=True) for weight in w]
    found = rounded_rows(np.array(exact, dtype=float), rows, totals)
    assert np.bincount(rows, found).tolist() == totals.tolist()
    alone = [
        rounded(
            [float(cents) * (weight / sum(weights)) for weight in weights], Decimal(int(cents)), Decimal(1)
        )
        for cents, (_, weights) in zip(totals, given_, strict=True)
    ]
    assert found.tolist() == [int(part) for parts in alone for part in parts]


@pytest.mark.parametrize(
    ("amount", "weights"), [("1.00", [0, 0]), ("1.00", []), ("1.00", [2, -1]), ("0.001", [1])]
)
def test_what_cannot_be_shared_is_refused(amount: str, weights: list[int]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        shared(Decimal(amount), weights)


def test_an_amount_whose_parts_are_all_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no part"):
        rounded_rows(np.array([0.0]), np.array([0]), np.array([5]))
