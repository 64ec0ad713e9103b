from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.models.als.evaluate import Interval, Quality
from pipelines.models.als.gate import decide

SHARE = st.floats(0, 1)


def quality(model: str, ndcg: float) -> Quality:
    return Quality("new", model, Interval(ndcg, ndcg, ndcg), Interval(0.0, 0.0, 0.0), persons=10)


POPULARITY = quality("popularity", 0.05)


@pytest.mark.parametrize(
    ("challenger", "champion", "min_gain", "fresher", "promoted", "says"),
    [
        (0.06, None, 0.0, True, True, "there is no champion yet"),
        (0.05, None, 0.0, True, False, "not above popularity with 0.0500"),
        (0.04, None, 0.0, True, False, "not above popularity with 0.0500"),
        (0.07, 0.06, 0.0, False, True, "above the champion's 0.0600"),
        (0.06, 0.06, 0.0, True, True, "the data are fresher"),
        (0.06, 0.06, 0.0, False, False, "no fresher"),
        (0.06, 0.07, 0.0, True, False, "against the champion's 0.0700"),
        (0.065, 0.06, 0.01, True, False, "a gain of 0.0100 is asked for"),
        (0.06, 0.061, -1.0, True, False, "a gain of 0.0000 is asked for"),
    ],
)
def test_the_verdict_and_its_sentence(
    challenger: float, champion: float | None, min_gain: float, fresher: bool, promoted: bool, says: str
) -> None:
    rival = None if champion is None else quality("champion", champion)
    decision = decide(quality("als", challenger), rival, [POPULARITY], min_gain=min_gain, fresher=fresher)
    assert decision.promote is promoted
    assert says in decision.reason


@given(SHARE, st.none() | SHARE, st.lists(SHARE, max_size=3), st.floats(-1, 1), st.booleans())
def test_a_worse_one_is_never_promoted(
    challenger: float, champion: float | None, baselines: list[float], min_gain: float, fresher: bool
) -> None:
    rival = None if champion is None else quality("champion", champion)
    named = [quality(f"baseline {i}", ndcg) for i, ndcg in enumerate(baselines)]
    if decide(quality("als", challenger), rival, named, min_gain=min_gain, fresher=fresher).promote:
        assert all(challenger > ndcg for ndcg in baselines)
        assert champion is None or challenger >= champion + max(0.0, min_gain) - 1e-12


@pytest.mark.parametrize("change", [{"protocol": "all"}, {"persons": 9}])
def test_different_splits_are_not_compared(change: dict[str, object]) -> None:
    other = dataclasses.replace(POPULARITY, **change)
    with pytest.raises(ValueError, match="one split"):
        decide(quality("als", 0.1), None, [other], min_gain=0.0, fresher=True)
