"""Removal effects in closed form are those of solving the chain again without each channel."""

from __future__ import annotations

import doctest
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.calc.attribution import markov
from pipelines.calc.attribution.markov import Chain

Observed = list[tuple[list[str], int, int]]  # path, conversions, nulls
PATHS = st.lists(
    st.tuples(
        st.lists(st.sampled_from("abcd"), min_size=1, max_size=6), st.integers(0, 3), st.integers(0, 3)
    ).filter(lambda row: row[1] + row[2] > 0),
    min_size=1,
    max_size=12,
)


def chain_of(observed: Observed, order: int) -> tuple[Chain, dict[tuple[str, ...], float]]:
    steps: Counter[tuple[tuple[str, ...], tuple[str, ...]]] = Counter()
    ends: Counter[tuple[str, ...]] = Counter()
    bought: Counter[tuple[str, ...]] = Counter()
    for path, conversions, nulls in observed:
        state: tuple[str, ...] = ()
        for channel in path:
            following = (*state, channel)[-order:]
            steps[state, following] += conversions + nulls
            state = following
        ends[state] += conversions + nulls
        bought[state] += conversions
    return Chain(steps, ends), dict(bought)


def chance(observed: Observed, order: int, without: str | None = None) -> float:
    """By the definition: a dense system of equations in which the channel's states lead nowhere."""
    chain, bought = chain_of(observed, order)
    states = sorted({state for step in chain.steps for state in step})
    leaving: dict[tuple[str, ...], float] = defaultdict(float, chain.ends)
    for (origin, _), weight in chain.steps.items():
        leaving[origin] += weight
    a, b = np.eye(len(states)), np.zeros(len(states))
    for row, state in enumerate(states):
        if state and state[-1] == without:
            continue
        b[row] = bought.get(state, 0) / leaving[state]
        for column, target in enumerate(states):
            a[row, column] -= chain.steps.get((state, target), 0) / leaving[state]
    return float(np.linalg.solve(a, b)[states.index(())])


def test_the_examples_in_docstrings_hold() -> None:
    outcome = doctest.testmod(markov)
    assert outcome.attempted
    assert not outcome.failed


@pytest.mark.parametrize("order", [1, 2, 3])
@given(observed=PATHS)
@settings(max_examples=40, deadline=None)
def test_effects_are_those_of_solving_again_without_the_channel(order: int, observed: Observed) -> None:
    chain, bought = chain_of(observed, order)
    [effects] = chain.effects([bought])
    everything = chance(observed, order)
    assert effects.total == pytest.approx(everything, abs=1e-12)
    for channel in {channel for path, _, _ in observed for channel in path}:
        lost = 1 - chance(observed, order, channel) / everything if everything else 0.0
        assert effects.removal[channel] == pytest.approx(lost, abs=1e-9)


@pytest.mark.parametrize("order", [1, 2, 3])
@given(observed=PATHS)
@settings(max_examples=20, deadline=None)
def test_a_walk_buys_as_often_as_the_paths_did(order: int, observed: Observed) -> None:
    chain, bought = chain_of(observed, order)
    conversions, walks = (sum(row[1] for row in observed), sum(row[1] + row[2] for row in observed))
    assert chain.effects([bought])[0].total == pytest.approx(conversions / walks, abs=1e-12)


def test_two_hundred_channels_are_exact_to_a_billionth() -> None:
    draws = np.random.default_rng(5)
    names = [f"c{number}" for number in range(200)]
    observed = [
        (
            list(draws.choice(names, draws.integers(1, 8))),
            int(draws.random() < 0.2),
            int(draws.integers(1, 4)),
        )
        for _ in range(3000)
    ]
    chain, bought = chain_of(observed, 1)
    [effects] = chain.effects([bought])
    everything = chance(observed, 1)
    for channel in names[::20]:
        lost = 1 - chance(observed, 1, channel) / everything
        assert effects.removal[channel] == pytest.approx(lost, rel=1e-9)


def test_by_hand_half_of_the_walks_need_the_second_channel() -> None:
    chain = Chain({((), ("a",)): 2, (("a",), ("b",)): 1}, {("a",): 1, ("b",): 1})
    purchases, revenue = chain.effects([{("a",): 1, ("b",): 1}, {("a",): 10, ("b",): 30}])
    assert (purchases.total, purchases.removal) == (1.0, {"a": 1.0, "b": 0.5})
    assert (revenue.total, revenue.removal) == (20.0, {"a": 1.0, "b": 0.75})
    assert purchases.shares() == pytest.approx({"a": 2 / 3, "b": 1 / 3})


def test_nothing_bought_means_nothing_to_lose() -> None:
    [effects] = Chain({((), ("a",)): 1}, {("a",): 1}).effects([{}])
    assert (effects.total, effects.removal, effects.shares()) == (0.0, {"a": 0.0}, {})
