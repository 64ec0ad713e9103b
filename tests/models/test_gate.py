from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.models.gate import Measured, decide, paired

NONE = float("nan")
PERSONS = np.linspace(0.2, 0.8, 200)


def both(values: np.ndarray, cost: float | None = None) -> Measured:
    return Measured({"repeat": values, "explore": values}, cost)


FLAT = {"popularity": both(PERSONS * 0 + 0.1)}


def test_the_mean_and_the_interval_of_two_persons_by_hand() -> None:
    gap = paired(np.array([0.5, 0.2, NONE]), np.array([0.3, 0.2, 0.9]), seed=1)
    assert (round(gap.mean, 12), gap.low, round(gap.high, 12)) == (0.1, 0.0, 0.2)


@pytest.mark.parametrize(
    ("challenger", "champion", "fresher", "promoted", "says"),
    [
        (both(PERSONS), None, True, True, "there is no champion yet"),
        (both(PERSONS * 0 + 0.1), None, True, False, "not above popularity with 0.1000"),
        (both(PERSONS + 0.05), both(PERSONS), False, True, "better"),
        (both(PERSONS), both(PERSONS), True, True, "its data are later"),
        (both(PERSONS), both(PERSONS), False, False, "the champion stays"),
        (both(PERSONS, 1.0), both(PERSONS, 2.0), False, True, "and cheaper"),
        (both(PERSONS - 0.05, 1.0), both(PERSONS, 2.0), True, False, "not surely as good"),
    ],
)
def test_the_verdict_and_its_sentence(
    challenger: Measured, champion: Measured | None, fresher: bool, promoted: bool, says: str
) -> None:
    decision = decide(challenger, champion, FLAT, fresher=fresher)
    assert decision.promote is promoted
    assert says in decision.reason


def test_what_is_gained_in_one_part_does_not_pay_for_a_loss_in_the_other() -> None:
    challenger = Measured({"repeat": PERSONS + 0.1, "explore": PERSONS - 0.05})
    decision = decide(challenger, both(PERSONS), FLAT, fresher=True)
    assert not decision.promote
    assert "repeat +0.1000" in decision.reason
    assert "explore -0.0500" in decision.reason


def test_a_small_gain_of_few_persons_is_not_sure() -> None:
    noise = np.random.default_rng(1).normal(0.01, 0.3, 30)
    decision = decide(both(0.5 + noise), both(np.full(30, 0.5)), {}, fresher=False)
    assert not decision.promote


def test_a_gain_that_is_asked_for_must_be_sure() -> None:
    assert decide(both(PERSONS + 0.05), both(PERSONS), FLAT, fresher=False, min_gain=0.04).promote
    assert not decide(both(PERSONS + 0.05), both(PERSONS), FLAT, fresher=True, min_gain=0.06).promote


def test_different_persons_are_not_compared_and_neither_is_nothing() -> None:
    with pytest.raises(ValueError, match="same persons"):
        decide(both(PERSONS), both(PERSONS[1:]), {}, fresher=True)
    with pytest.raises(ValueError, match="neither part"):
        decide(both(PERSONS * NONE), None, {}, fresher=True)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=30), st.booleans())
def test_one_that_is_surely_worse_is_never_promoted(pairs: list[tuple[float, float]], fresher: bool) -> None:
    ours, theirs = map(np.array, zip(*pairs, strict=True))
    gap = paired(ours, theirs, seed=0)
    decision = decide(both(ours, 1.0), both(theirs, 2.0), {}, fresher=fresher)
    if gap.high < -0.01 * theirs.mean():
        assert not decision.promote
    if gap.low > 0:
        assert decision.promote
