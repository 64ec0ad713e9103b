"""Each rule by hand; all of them: weights that sum to one, or to nothing."""

from __future__ import annotations

import itertools
from collections import defaultdict
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.calc.attribution.rules import DAY, RULES, Choices
from tests.calc.attribution.paths import paths

PUBLISHED = [0.0, 5.0, 12.0, 30.0, 38.0]  # days of touches; the purchase is on day 38


@pytest.mark.parametrize(
    ("rule", "path", "weights"),
    [
        ("first", "a b c", [1, 0, 0]),
        ("last", "a b c", [0, 0, 1]),
        ("last_click", "a b c", [0, 0, 1]),
        ("last_non_direct", "a Direct b direct direct", [0, 0, 1, 0, 0]),
        ("last_non_direct", "direct direct", [0, 1]),
        ("post_click", "Email a email b", [0, 0, 1, 0]),
        ("post_click", "a b", [0, 0]),
        ("linear", "a b a b", [0.25, 0.25, 0.25, 0.25]),
        ("position", "a", [1]),
        ("position", "a b", [0.5, 0.5]),
        ("position", "a b c", [0.4, 0.2, 0.4]),
        ("position", "a b c d", [0.4, 0.1, 0.1, 0.4]),
        ("shapley", "a b a a", [0.5, 0.5, 0, 0]),
    ],
)
def test_by_hand(rule: str, path: str, weights: list[float]) -> None:
    both = RULES[rule](paths("x", path, ""), Choices())
    assert both[1:].tolist() == pytest.approx(weights)


def test_time_decay_is_the_published_example() -> None:
    given_ = paths("a b c d e", seconds_before=[[int((38 - day) * DAY) for day in PUBLISHED]])
    credits = 12_000 * RULES["time_decay"](given_, Choices(half_life_days=7))
    assert credits.round(4).tolist() == [175.1952, 287.4376, 574.8752, 3417.0450, 7545.4471]


def test_touches_of_years_ago_are_shared_like_others() -> None:
    old = paths("a b", seconds_before=[[10_007 * DAY, 10_000 * DAY]])
    assert RULES["time_decay"](old, Choices()).tolist() == pytest.approx([1 / 3, 2 / 3])


def test_where_clicks_are_told_only_they_count() -> None:
    given_ = paths("email a email b", "a", clicked=[[True, True, False, False], [False]])
    assert RULES["last_click"](given_, Choices()).tolist() == [0, 1, 0, 0, 0]
    assert RULES["post_click"](given_, Choices()).tolist() == [1, 0, 0, 0, 0]


@pytest.mark.parametrize("rule", RULES)
@given(st.lists(st.lists(st.sampled_from(["a", "email", "direct"]), max_size=7), min_size=1, max_size=6))
def test_weights_of_a_path_sum_to_one_or_to_nothing(rule: str, touched: list[list[str]]) -> None:
    ages = [[DAY * (len(path) - place) for place in range(len(path))] for path in touched]
    given_ = paths(*(" ".join(path) for path in touched), seconds_before=ages)
    weights = RULES[rule](given_, Choices())
    sums = np.bincount(given_.rows, weights, minlength=len(touched))
    assert (weights >= 0).all()
    for path, whole in zip(touched, sums, strict=True):
        none = not path or (rule == "post_click" and "email" not in path)
        assert whole == pytest.approx(0 if none else 1)


@given(st.dictionaries(st.frozensets(st.sampled_from("abcd"), min_size=1), st.integers(0, 9), min_size=1))
def test_shapley_is_the_mean_over_all_orders_of_arrival(bought: dict[frozenset[str], int]) -> None:
    def worth(coalition: frozenset[str]) -> int:
        return sum(count for channels, count in bought.items() if channels <= coalition)

    players = sorted(frozenset.union(*bought))
    expected: dict[str, float] = defaultdict(float)
    for order in itertools.permutations(players):
        for place, player in enumerate(order):
            before = frozenset(order[:place])
            expected[player] += (worth(before | {player}) - worth(before)) / factorial(len(players))
    given_ = paths(*(" ".join([*sorted(channels), *channels]) for channels in bought))
    credits = RULES["shapley"](given_, Choices()) * np.array(list(bought.values()))[given_.rows]
    names = given_.names.to_pylist()
    found = np.bincount(given_.channels, credits, minlength=len(names))
    assert dict(zip(names, found, strict=True)) == pytest.approx(dict(expected))
