"""Welch, Fieller and CUPED against scipy and against the rows that the sums were taken of."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from pipelines.calc.experiment import Moments, Paired, compare_means, cuped, fieller
from pipelines.errors import DataError

AMOUNTS = st.lists(st.integers(-500, 5000), min_size=2, max_size=30)


def moments(amounts: list[int]) -> Moments:
    return Moments(len(amounts), sum(amounts), sum(amount**2 for amount in amounts))


@pytest.mark.filterwarnings("ignore:Precision loss")  # scipy's, where ours takes fractions
@given(AMOUNTS, AMOUNTS)
def test_welch_is_what_scipy_has(first: list[int], second: list[int]) -> None:
    assume(len({*first}) > 1 or len({*second}) > 1)
    theirs = stats.ttest_ind(second, first, equal_var=False)
    interval = theirs.confidence_interval(0.95)
    found = compare_means(moments(first), moments(second))
    assert (found.t, found.p_value) == (pytest.approx(theirs.statistic), pytest.approx(theirs.pvalue))
    assert found.degrees_of_freedom == pytest.approx(theirs.df)
    assert found.absolute_interval == (pytest.approx(interval.low), pytest.approx(interval.high))


@given(AMOUNTS, AMOUNTS, st.sampled_from([0.8, 0.95, 0.99]))
def test_the_p_value_and_both_intervals_agree(first: list[int], second: list[int], confidence: float) -> None:
    found = compare_means(moments(first), moments(second), confidence)
    assume(found.p_value is not None and abs(found.p_value - (1 - confidence)) > 1e-9)
    for interval in (found.absolute_interval, found.relative_interval):
        if interval is not None and not any(math.isinf(end) for end in interval):
            assert (interval[0] <= 0 <= interval[1]) is not found.significant


@given(st.floats(0.5, 100), st.floats(0, 50), st.floats(-100, 100), st.floats(0, 50))
def test_the_ends_of_fieller_are_ratios_that_are_just_not_refused(
    base: float, base_variance: float, other: float, other_variance: float
) -> None:
    for end in fieller(base, base_variance, other, other_variance, 1.96):
        if math.isfinite(end):
            spread = 1.96**2 * (other_variance + end**2 * base_variance)
            scale = other**2 + (end * base) ** 2 + spread + 1e-9
            assert (other - end * base) ** 2 == pytest.approx(spread, abs=1e-6 * scale)


@pytest.mark.parametrize(
    ("base_variance", "other", "lowest", "expected"),
    [
        (0.0, 2.0, -math.inf, (1.02, 2.98)),
        (1.0, 2.0, 0.0, (0.5472, math.inf)),
        (1.0, 0.0, 0.0, (0.0, math.inf)),
        (1.0, 2.0, -math.inf, (-math.inf, math.inf)),
        (1 / 1.96**2, 2.0, -math.inf, (0.7599, math.inf)),
    ],
)
def test_fieller_by_hand_where_the_base_may_be_nothing(
    base_variance: float, other: float, lowest: float, expected: tuple[float, float]
) -> None:
    found = fieller(1.0, base_variance, other, 0.25, 1.96, lowest)
    assert found == (pytest.approx(expected[0], abs=1e-4), pytest.approx(expected[1], abs=1e-4))


def test_a_small_spread_survives_large_sums() -> None:
    amounts = [10**9, 10**9 + 1, 10**9 + 2]
    assert moments(amounts).variance == 1.0
    assert Moments(2, Decimal("0.30"), Decimal("0.05")).variance == pytest.approx(0.005)


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=4, max_size=20))
def test_cuped_on_sums_is_cuped_on_rows(rows: list[tuple[int, int]]) -> None:
    arms = [np.array(rows[:2], dtype=float), np.array(rows[2:], dtype=float)]
    before = [arm[:, 1] - arm[:, 1].mean() for arm in arms]
    within = sum(float(x @ x) for x in before)
    assume(within > 0)
    theta = (
        sum(float(x @ (arm[:, 0] - arm[:, 0].mean())) for x, arm in zip(before, arms, strict=True)) / within
    )
    centre = np.concatenate([arm[:, 1] for arm in arms]).mean()
    given_ = [
        Paired(moments([y for y, _ in part]), moments([x for _, x in part]), sum(x * y for y, x in part))
        for part in (rows[:2], rows[2:])
    ]
    for found, arm in zip(cuped(given_[0], given_[1]), arms, strict=True):
        adjusted = arm[:, 0] - theta * (arm[:, 1] - centre)
        assert found.mean == pytest.approx(adjusted.mean(), abs=1e-9)
        assert found.variance == pytest.approx(adjusted.var(ddof=1), abs=1e-9)


def test_cuped_narrows_what_the_past_explains_and_keeps_the_difference() -> None:
    draws = np.random.default_rng(1)
    before = draws.gamma(2, 20, (2, 2000)).round(2)
    after = (0.8 * before + draws.normal(0, 5, (2, 2000)) + np.array([[0.0], [1.0]])).round(2)
    arms = [
        Paired(
            Moments(2000, y.sum(), (y**2).sum()), Moments(2000, x.sum(), (x**2).sum()), float((x * y).sum())
        )
        for x, y in zip(before, after, strict=True)
    ]
    raw, adjusted = compare_means(arms[0].outcome, arms[1].outcome), compare_means(*cuped(*arms))
    assert adjusted.absolute_interval is not None
    assert raw.absolute_interval is not None
    narrow, wide = (
        interval[1] - interval[0] for interval in (adjusted.absolute_interval, raw.absolute_interval)
    )
    assert narrow < wide / 4
    assert adjusted.absolute_interval[0] < 1 < adjusted.absolute_interval[1]


def test_without_a_past_cuped_changes_nothing() -> None:
    arm = Paired(Moments(2, 3, 5), Moments(2, 0, 0), 0)
    assert cuped(arm, arm) == (arm.outcome, arm.outcome)


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        (Moments(0, 0, 0), Moments(3, 12, 56), "fewer than two"),
        (Moments(1, 4, 16), Moments(3, 12, 56), "fewer than two"),
        (Moments(3, 0, 0), Moments(3, 0, 0), "do not vary"),
        (Moments(3, 0, 2), Moments(3, 12, 56), "nothing to be relative to"),
        (Moments(3, 3, 23), Moments(3, 12, 56), "no upper end"),
    ],
)
def test_what_cannot_be_said_is_null_and_said(first: Moments, second: Moments, says: str) -> None:
    found = compare_means(first, second)
    assert says in found.note
    assert (found.t is None) == (found.p_value is None) == (found.absolute_interval is None)


@pytest.mark.parametrize("wrong", [(3, 12, 47), (-1, 0, 0), (2, math.nan, 1), (2, 1, math.inf), (0, 1, 1)])
def test_sums_that_cannot_be_are_refused(wrong: tuple[int, float, float]) -> None:
    with pytest.raises(DataError, match=r"Moments\("):
        Moments(*wrong)


def test_sums_of_different_people_are_refused() -> None:
    with pytest.raises(DataError, match="cannot be"):
        Paired(Moments(2, 3, 5), Moments(3, 3, 5), 1)
