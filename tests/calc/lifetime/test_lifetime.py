"""Both models against what their authors published of CDNOW's customers.

`cdnow.csv` is the sample of 2,357 customers that the papers use: repeat purchases in the first 39 weeks, with weeks
and mean values. It was published by Bruce Hardie (brucehardie.com/datasets) and comes with the package `lifetimes`
0.11.3 (MIT), from which it is taken, alike rows as one.
"""

from __future__ import annotations

import doctest
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.calc.lifetime import BgNbd, GammaGamma, NoFit, bg_nbd, fit_bg_nbd, fit_gamma_gamma, gamma_gamma

Floats = NDArray[np.float64]
PUBLISHED = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)


@pytest.fixture(scope="module")
def cdnow() -> Floats:
    """Rows `x, t_x, T, mean, people`."""
    found: Floats = np.loadtxt(Path(__file__).with_name("cdnow.csv"), delimiter=",", skiprows=1).T
    return found


def test_bg_nbd_finds_the_published_parameters_and_likelihood(cdnow: Floats) -> None:
    x, t_x, age, _, people = cdnow
    assert people.sum() == 2357
    found = fit_bg_nbd(x, t_x, age, people)
    assert [round(value, 3) for value in (found.r, found.alpha, found.a, found.b)] == [
        0.243,
        4.414,
        0.793,
        2.426,
    ]
    assert round(float((people * found.log_likelihood(x, t_x, age)).sum()), 1) == -9582.4


def test_gamma_gamma_finds_the_published_parameters(cdnow: Floats) -> None:
    x, _, _, mean, people = cdnow
    some = x > 0
    assert people[some].sum() == 946
    found = fit_gamma_gamma(x[some], mean[some], people[some])
    assert (round(found.p, 2), round(found.q, 2), round(found.v, 2)) == pytest.approx(
        (6.25, 3.74, 15.45), abs=0.011
    )


def test_cells_with_counts_are_the_same_as_people_one_by_one(cdnow: Floats) -> None:
    x, t_x, age, _, people = cdnow
    each = np.repeat(np.vstack([x, t_x, age]), people.astype(int), axis=1)
    assert vars(fit_bg_nbd(*each)) == pytest.approx(vars(fit_bg_nbd(x, t_x, age, people)), rel=1e-3)


def test_people_drawn_by_the_model_are_found_again() -> None:
    """3,000 people who live as the model says: Beta drop-out after each purchase, Gamma rates."""
    random = np.random.default_rng(7)
    true = BgNbd(r=0.8, alpha=6.0, a=0.6, b=3.0)
    rates, stops = random.gamma(true.r, 1 / true.alpha, 3000), random.beta(true.a, true.b, 3000)
    ages = random.integers(30, 80, 3000).astype(float)
    x, t_x = np.zeros(3000), np.zeros(3000)
    for person in range(3000):
        at = random.exponential(1 / rates[person])
        while at <= ages[person]:
            x[person], t_x[person] = x[person] + 1, at
            if random.random() < stops[person]:
                break
            at += random.exponential(1 / rates[person])
    found = fit_bg_nbd(x, t_x, ages)
    assert found.r / found.alpha == pytest.approx(true.r / true.alpha, rel=0.1)
    assert found.a / (found.a + found.b) == pytest.approx(true.a / (true.a + true.b), rel=0.15)


def test_expected_purchases_are_the_sum_of_what_is_still_bought() -> None:
    """The mean over draws of the person's rate, life and stopping, given their past: eq. 10 by brute force."""
    random = np.random.default_rng(3)
    x, t_x, age, ahead = 2, 30.43, 38.86, 39.0
    rates = random.gamma(PUBLISHED.r + x, 1 / (PUBLISHED.alpha + age), 40_000)
    stops = random.beta(PUBLISHED.a, PUBLISHED.b + x, 40_000)
    bought = np.zeros(40_000)
    at = random.exponential(1 / rates)
    going = at <= ahead
    while going.any():
        bought[going] += 1
        going &= random.random(40_000) >= stops
        at += random.exponential(1 / rates)
        going &= at <= ahead
    alive = PUBLISHED.probability_alive(x, t_x, age)
    told = PUBLISHED.expected_purchases(ahead, x, t_x, age)
    assert float(told) == pytest.approx(float(alive) * bought.mean(), rel=0.03)


def test_hundreds_of_purchases_and_a_of_one_overflow_nothing() -> None:
    for model in (PUBLISHED, BgNbd(0.9, 3.0, 1.0, 5.0), BgNbd(1.4, 1.4, 1e-4, 200.0)):
        told = model.expected_purchases(52, [0, 1, 400, 400], [0, 0.5, 51, 2], [52, 52, 52, 52])
        assert np.all(np.isfinite(told))
        assert np.all(told >= 0)
        assert told[2] > told[3], "who has not come for a year is less likely to come"


@pytest.mark.parametrize(("x", "t_x", "age"), [([0, 0], [0, 0], [3, 4]), ([1], [5], [4]), ([0], [1], [4])])
def test_what_says_nothing_or_contradicts_itself_is_refused(
    x: list[int], t_x: list[int], age: list[int]
) -> None:
    with pytest.raises(NoFit):
        fit_bg_nbd(x, t_x, age)


def test_values_must_be_above_nothing() -> None:
    with pytest.raises(NoFit):
        fit_gamma_gamma([1, 2], [3.0, 0.0])
    assert GammaGamma(6.25, 3.74, 15.44).expected_value(1000, 50.0) == pytest.approx(50.0, rel=0.01)


@pytest.mark.parametrize("module", [bg_nbd, gamma_gamma])
def test_the_examples_hold(module: object) -> None:
    outcome = doctest.testmod(module)  # type: ignore[arg-type]
    assert outcome.attempted
    assert not outcome.failed


def test_people_who_are_all_alike_are_expected_to_buy_as_they_did() -> None:
    """A purchase every five weeks of everybody: more alike than chance, so the shape of the rates has no end."""
    buyers, last, age = np.array([12.0, 12.0, 13.0]), np.array([61.0, 61.5, 62.0]), np.full(3, 64.0)
    model = fit_bg_nbd(buyers, last, age, np.full(3, 100.0))
    for weeks in (4.0, 12.0, 52.0):
        expected = model.expected_purchases(weeks, buyers, last, age)
        assert expected.mean() == pytest.approx(weeks / 5, rel=0.05)
