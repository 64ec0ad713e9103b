"""What may be said of a comparison, and what may not."""

from __future__ import annotations

from dataclasses import replace

from pipelines.calc.experiment import (
    Moments,
    Rate,
    compare_means,
    compare_rates,
    sample_ratio_mismatch,
    verdict,
)

FOUND = compare_rates(Rate(58, 20_000), Rate(94, 20_000))
SMALL = compare_rates(Rate(5, 900), Rate(7, 900))


def test_a_difference_is_said_with_its_limits() -> None:
    assert verdict(FOUND, "Orders per mail sent") == (
        "Orders per mail sent: higher by 62.1 %; the true difference lies between +17.6 % and +129.5 % "
        "(p = 0.0034)."
    )
    turned = compare_rates(Rate(94, 20_000), Rate(58, 20_000))
    assert ": lower by 38.3 %; the true difference lies between -56.4 % and -14.9 %" in verdict(
        turned, "Orders"
    )


def test_too_small_to_tell_says_how_many_more() -> None:
    said = verdict(SMALL, "Orders per mail sent", needed=4_000, people=900)
    assert said == (
        "Too small to tell. Orders per mail sent: +40.0 % was seen, but a true difference anywhere from -67.2 % to "
        "+1,053.8 % would look like this. About 3,100 more people in each arm are needed."
    )
    assert "There are enough people" in verdict(SMALL, "Orders", needed=800, people=900)
    assert verdict(SMALL, "Orders").endswith("would look like this.")


def test_an_interval_and_a_p_value_that_disagree_decide_nothing() -> None:
    """Adjusted for other metrics, and the one pair of small counts at which the two methods part."""
    adjusted = replace(FOUND, p_value=0.07)
    assert verdict(adjusted, "Orders") == (
        "On the edge. Orders: +62.1 % was seen; the interval from +17.6 % to +129.5 % and the p-value of 0.07, which "
        "allows for all that was looked at, do not agree."
    )
    parting = compare_rates(Rate(40, 1_000), Rate(59, 1_000))
    assert parting.relative_interval is not None
    assert parting.significant != (parting.relative_interval[0] > 0)
    assert verdict(parting, "Orders").startswith("On the edge.")


def test_a_mismatch_blocks_the_verdict() -> None:
    split = sample_ratio_mismatch([20_000, 18_000], [1, 1])
    said = verdict(FOUND, "Orders", split=split)
    assert said.startswith("No verdict on Orders")
    assert "62.1" not in said
    assert verdict(FOUND, "Orders", split=sample_ratio_mismatch([20_000, 20_000], [1, 1])).startswith(
        "Orders: higher"
    )


def test_an_open_end_and_a_missing_base_are_words() -> None:
    assert "+any amount" not in verdict(compare_rates(Rate(2, 100), Rate(30, 100)), "Orders")
    assert "and any amount" in verdict(compare_rates(Rate(2, 100), Rate(30, 100)), "Orders")
    assert "between +0.03" in verdict(compare_rates(Rate(0, 100), Rate(9, 100)), "Orders")


def test_nothing_to_judge_by_is_said() -> None:
    said = verdict(compare_means(Moments(0, 0, 0), Moments(5, 1, 1)), "Revenue per person")
    assert (
        said
        == "Nothing can be said of Revenue per person. An arm of fewer than two people has no spread to judge by."
    )
