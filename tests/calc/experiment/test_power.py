"""As many people as are asked for find the lift as often as is promised."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from pipelines.calc.experiment import needed_for_means, needed_for_rates
from pipelines.errors import UsageError


@pytest.mark.parametrize(
    ("base", "relative", "power"), [(0.1, 0.2, 0.8), (0.003, 0.5, 0.9), (0.4, -0.1, 0.8)]
)
def test_a_test_of_that_size_has_that_power(base: float, relative: float, power: float) -> None:
    n, other = needed_for_rates(base, relative, power=power), base * (1 + relative)
    middle = (base + other) / 2
    under_none = math.sqrt(2 * middle * (1 - middle) / n)
    under_lift = math.sqrt((base * (1 - base) + other * (1 - other)) / n)
    found = stats.norm.sf(1.959964 * under_none, loc=abs(other - base), scale=under_lift)
    assert found == pytest.approx(power, abs=1e-3)


def test_a_mean_of_that_size_has_that_power() -> None:
    n = needed_for_means(10, 400, 0.05, power=0.9)
    found = stats.norm.sf(1.959964, loc=0.5 / math.sqrt(2 * 400 / n))
    assert found == pytest.approx(0.9, abs=1e-4)


def test_half_the_lift_asks_for_four_times_the_people() -> None:
    assert needed_for_means(10, 400, 0.05) == pytest.approx(4 * needed_for_means(10, 400, 0.1), rel=1e-3)


@pytest.mark.parametrize(("base", "relative"), [(0.0, 0.1), (0.9, 0.5), (0.5, 0.0), (1.0, -0.5)])
def test_rates_that_nothing_tells_apart_are_refused(base: float, relative: float) -> None:
    with pytest.raises(UsageError, match="No number of people"):
        needed_for_rates(base, relative)


@pytest.mark.parametrize(
    ("base", "variance", "relative"), [(0, 1, 0.1), (1, 0, 0.1), (1, 1, 0), (1, 1, math.inf)]
)
def test_means_that_nothing_tells_apart_are_refused(base: float, variance: float, relative: float) -> None:
    with pytest.raises(UsageError, match="No number of people"):
        needed_for_means(base, variance, relative)
