"""Sample ratios against scipy; Holm against its definition."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pipelines.calc.experiment import holm, sample_ratio_mismatch
from pipelines.errors import DataError


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 9)), min_size=2, max_size=5))
def test_the_ratio_is_pearsons_chi_square(arms: list[tuple[int, int]]) -> None:
    counts, shares = [count for count, _ in arms], [float(share) for _, share in arms]
    found = sample_ratio_mismatch(counts, shares)
    if not sum(counts):
        assert (found.chi_square, found.p_value, found.mismatch) == (None, None, False)
        return
    theirs = stats.chisquare(counts, [sum(counts) * share / sum(shares) for share in shares])
    assert (found.chi_square, found.p_value) == (
        pytest.approx(theirs.statistic),
        pytest.approx(theirs.pvalue),
    )
    assert found.mismatch == (theirs.pvalue < 0.001)


def test_by_name_the_order_of_the_shares_does_not_matter() -> None:
    found = sample_ratio_mismatch({"mail": 900, "holdout": 100}, {"holdout": 1, "mail": 9})
    assert (found.chi_square, found.expected) == (0, (900, 100))


def test_people_in_an_arm_that_should_have_none_are_a_mismatch() -> None:
    found = sample_ratio_mismatch([10, 1], [1, 0])
    assert (found.p_value, found.mismatch) == (0.0, True)
    assert sample_ratio_mismatch([10, 0], [1, 0]).p_value == 1.0


@pytest.mark.parametrize(
    ("counts", "shares"),
    [
        ([1, 2], [1]), ([-1, 2], [1, 1]), ([1, 2], [1, -1]), ([1, 2], [0, 0]), ({"a": 1}, {"b": 1}), ([], []),
        ([1, math.nan], [1, 1]), ([1, 2], [1, math.nan]), ([1, 2], [1, math.inf]),
    ],
)  # fmt: skip
def test_counts_and_shares_of_different_arms_are_refused(counts: list[int], shares: list[float]) -> None:
    with pytest.raises(DataError, match="do not belong together"):
        sample_ratio_mismatch(counts, shares)


@pytest.mark.parametrize("wrong", [math.nan, -0.1, 1.1])
def test_holm_refuses_what_is_no_p_value(wrong: float) -> None:
    with pytest.raises(DataError, match="no p-values"):
        holm({"orders": 0.01, "revenue": wrong})


@given(st.dictionaries(st.text(max_size=3), st.none() | st.floats(0, 1), max_size=6))
def test_holm_rejects_what_the_closed_test_of_bonferronis_rejects(p_values: dict[str, float | None]) -> None:
    """A metric is found when every set of metrics that holds it would be, by Bonferroni."""
    there = {name: p for name, p in p_values.items() if p is not None}
    found = holm(p_values)
    assert list(found) == list(p_values)
    for name in p_values:
        if name not in there:
            assert found[name] is None
            continue
        others = [other for other in there if other != name]
        sets = itertools.chain.from_iterable(itertools.combinations(others, k) for k in range(len(there)))
        closed = max(
            min(1.0, (len(set_) + 1) * min([there[name], *(there[other] for other in set_)])) for set_ in sets
        )
        assert found[name] == pytest.approx(closed)
