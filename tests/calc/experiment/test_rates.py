"""Rates against published figures, other formulas, and what must hold for any counts."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pipelines.calc.experiment import Moments, Rate, compare_means, compare_rates, wilson
from pipelines.errors import DataError, UsageError

RATES = st.integers(0, 5000).flatmap(lambda n: st.integers(0, n).map(lambda k: Rate(k, n)))


def test_the_published_check() -> None:
    found = compare_rates(Rate(58, 20_000), Rate(94, 20_000))
    assert (found.absolute, found.relative) == (pytest.approx(0.0018), pytest.approx(0.6207, abs=5e-5))
    assert found.p_value == pytest.approx(0.003438, abs=5e-7)
    assert found.relative_interval == (pytest.approx(0.176, abs=5e-4), pytest.approx(1.295, abs=5e-4))
    assert found.significant
    assert found.note == ""


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [  # Newcombe (1998), table II, method 10
        ((48, 80), (56, 70), 0.0524, 0.3339),
        ((3, 10), (9, 10), 0.1705, 0.8090),
        ((0, 10), (10, 10), 0.6075, 1.0),
        ((0, 29), (5, 56), -0.0381, 0.1926),
    ],
)
def test_newcombes_own_examples(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    found = compare_rates(Rate(*first), Rate(*second)).absolute_interval
    assert found == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


@given(RATES)
def test_wilson_is_what_scipy_has(rate: Rate) -> None:
    if rate.trials:
        theirs = stats.binomtest(rate.successes, rate.trials).proportion_ci(method="wilson")
        assert wilson(rate) == (pytest.approx(theirs.low, abs=1e-9), pytest.approx(theirs.high, abs=1e-9))


@given(RATES, RATES)
def test_z_is_the_root_of_chi_square_and_nothing_is_nan(first: Rate, second: Rate) -> None:
    found = compare_rates(first, second)
    ends = [*(found.absolute_interval or ()), *(found.relative_interval or ())]
    numbers = [found.absolute, found.relative, found.p_value, found.z, *ends]
    assert not any(number is not None and math.isnan(number) for number in numbers)
    if found.z is None:
        assert found.note
        return
    table = [[rate.successes, rate.trials - rate.successes] for rate in (first, second)]
    theirs = stats.chi2_contingency(table, correction=False)
    assert found.p_value == pytest.approx(theirs.pvalue, rel=1e-9, abs=1e-12)
    assert found.absolute is not None
    assert found.absolute_interval is not None
    assert -1 <= found.absolute_interval[0] <= found.absolute <= found.absolute_interval[1] <= 1
    if found.relative_interval is not None:
        assert -1 <= found.relative_interval[0] <= (found.relative or 0) <= found.relative_interval[1]


@given(RATES, RATES)
def test_exchanging_the_arms_turns_the_difference_round(first: Rate, second: Rate) -> None:
    there, back = compare_rates(first, second), compare_rates(second, first)
    assert there.p_value == back.p_value
    if there.absolute_interval is not None and back.absolute_interval is not None:
        assert there.absolute_interval == pytest.approx([-end for end in reversed(back.absolute_interval)])


def test_an_empty_arm_says_nothing() -> None:
    found = compare_rates(Rate(0, 0), Rate(5, 10))
    assert (found.absolute, found.relative, found.p_value, found.z) == (None,) * 4
    assert "without people" in found.note
    assert not found.significant


def test_without_a_success_there_is_nothing_to_be_relative_to() -> None:
    found = compare_rates(Rate(0, 100), Rate(9, 100))
    assert (found.relative, found.relative_interval) == (None, None)
    assert "nothing to be relative to" in found.note
    assert found.p_value is not None
    lost = compare_rates(Rate(9, 100), Rate(0, 100))
    assert (lost.relative, lost.relative_interval) == (-1.0, None)
    assert compare_rates(Rate(0, 5), Rate(0, 9)).p_value is None


def test_a_rate_that_may_be_nothing_leaves_the_lift_open_upwards() -> None:
    found = compare_rates(Rate(2, 100), Rate(30, 100))
    assert found.relative_interval is not None
    low, high = found.relative_interval
    assert (low > 0, high) == (True, math.inf)
    assert "no upper end" in found.note


@pytest.mark.parametrize(("successes", "trials"), [(5, 4), (-1, 4), (0, -1)])
def test_counts_that_cannot_be_are_refused(successes: int, trials: int) -> None:
    with pytest.raises(DataError, match="cannot be"):
        Rate(successes, trials)


@pytest.mark.parametrize("confidence", [0, 1, 95, math.nan])
def test_a_level_that_is_none_is_refused(confidence: float) -> None:
    with pytest.raises(UsageError, match="no confidence"):
        compare_rates(Rate(5, 100), Rate(7, 100), confidence)
    with pytest.raises(UsageError, match="no confidence"):
        compare_means(Moments(3, 12, 56), Moments(3, 18, 116), confidence)
