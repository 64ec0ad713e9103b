"""Groups made alike by strata: Simpson's paradox is undone, and what cannot be compared is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.calc.experiment import Moments, Rate, compare_rates, standardised


def test_what_the_mix_of_people_had_made_is_taken_away() -> None:
    """The second group buys more in all, and no more among people alike."""
    strata = {"loyal": (Rate(10, 200), Rate(40, 800)), "new": (Rate(8, 800), Rate(2, 200))}
    raw = compare_rates(Rate(18, 1000), Rate(42, 1000))
    found = standardised(strata)
    assert raw.significant
    assert found.comparison.absolute == pytest.approx(0)
    assert not found.comparison.significant
    assert found.means == (pytest.approx(0.03), pytest.approx(0.03))
    assert "not an experiment" in found.comparison.note


def test_by_hand_the_variance_is_that_of_weighted_rates() -> None:
    strata = {"a": (Rate(10, 100), Rate(30, 100)), "b": (Rate(50, 100), Rate(60, 300))}
    found = standardised(strata).comparison
    w = (200 / 600, 400 / 600)
    assert found.absolute == pytest.approx(w[0] * 0.2 + w[1] * (0.2 - 0.5))
    variance = w[0] ** 2 * (0.09 / 100 + 0.21 / 100) + w[1] ** 2 * (0.25 / 100 + 0.16 / 300)
    assert found.z == pytest.approx(found.absolute / variance**0.5)


@given(st.integers(1, 50), st.integers(1, 50), st.integers(50, 200), st.integers(50, 200))
def test_one_stratum_is_the_plain_difference(k1: int, k2: int, n1: int, n2: int) -> None:
    found = standardised({"all": (Rate(k1, n1), Rate(k2, n2))}).comparison
    plain = compare_rates(Rate(k1, n1), Rate(k2, n2))
    assert (found.absolute, found.relative) == (pytest.approx(plain.absolute), pytest.approx(plain.relative))


def test_strata_of_one_group_only_are_left_out_and_counted() -> None:
    strata = {"both": (Rate(5, 50), Rate(9, 50)), "only one": (Rate(1, 300), Rate(0, 0))}
    found = standardised(strata)
    assert (found.covered, found.strata) == (0.25, 1)
    nothing = standardised({"only one": (Rate(1, 300), Rate(0, 0))})
    assert (nothing.comparison.p_value, nothing.means, nothing.covered) == (None, None, 0.0)
    assert "no stratum in common" in nothing.comparison.note


def test_amounts_are_standardised_like_rates() -> None:
    strata = {"a": (Moments(3, 12, 56), Moments(3, 18, 116)), "b": (Moments(1, 4, 16), Moments(3, 12, 56))}
    found = standardised(strata)
    assert (found.comparison.absolute, found.strata, found.covered) == (2.0, 1, 0.6)
