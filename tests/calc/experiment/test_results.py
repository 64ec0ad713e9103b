"""What is said of arms: denominators, adjusted p-values, a blocked verdict, and nothing that is not known."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pipelines.calc.experiment.arm import CUPED, DECIDING, METRICS, PURCHASES, REVENUE, STANDARDISED
from pipelines.calc.experiment.results import Choices, results

CHOICES = Choices(0.1)


def arm(name: str, people: int, buyers: int, each: int = 10, **more: Any) -> dict[str, Any]:
    """So many people, of whom so many bought once, for as much each."""
    steps = dict.fromkeys(("delivered", "opened_human", "clicked_human", "ordered_after_human_click"), 0)
    return {
        "arm": name,
        "stratum": -1,
        "people": people,
        "is_control": name == "holdout",
        "by_lot": True,
        "share": None,
        "sent": 0,
        "opened": 0,
        "clicked": 0,
        "ordered_after_click": 0,
        **steps,
        "ordered": buyers,
        "purchases": buyers,
        "purchases_squares": buyers,
        "revenue": buyers * each,
        "revenue_squares": buyers * each**2,
        "offline_revenue": 0,
        "offline_revenue_squares": 0,
        "before": 0,
        "before_squares": 0,
        "revenue_by_before": 0,
        **more,
    }


def told(*arms: dict[str, Any], twice: int = 0) -> dict[tuple[str, str], dict[str, Any]]:
    experiment = {"experiment_id": "e", "kind": "mailing", "in_two_arms": twice, "arms": list(arms)}
    return {(row["arm"], row["metric"]): row for row in results(experiment, CHOICES)}


def test_a_difference_is_told_with_its_interval_and_the_smallest_p_is_doubled_and_more() -> None:
    found = told(arm("holdout", 20_000, 58), arm("mailed", 20_000, 94), twice=3)
    row = found["mailed", "buyers_per_person"]
    assert (row["numerator"], row["denominator"], row["control"], row["in_two_arms"]) == (
        94,
        20_000,
        "holdout",
        3,
    )
    assert row["p_value"] == pytest.approx(0.003438, abs=1e-6)
    assert (row["relative_low"], row["relative_high"]) == pytest.approx((0.176, 1.295), abs=1e-3)
    adjusted = sorted(found["mailed", metric]["p_adjusted"] for metric in DECIDING)
    raw = sorted(found["mailed", metric]["p_value"] for metric in DECIDING)
    assert adjusted[0] == pytest.approx(3 * raw[0])
    assert "higher by 62.1 %" in row["verdict"]
    assert found["holdout", "buyers_per_person"]["verdict"] is None
    assert found["mailed", CUPED]["value"] == pytest.approx(found["mailed", REVENUE]["value"])


def test_arms_of_other_sizes_than_meant_have_no_verdict() -> None:
    found = told(arm("holdout", 1_300, 10, share=0.1), arm("mailed", 9_000, 100, share=0.9))
    assert all(found["mailed", metric]["verdict"].startswith("No verdict") for metric in DECIDING)
    assert found["mailed", PURCHASES]["split_p_value"] < 0.001


def test_chosen_people_are_compared_within_strata_and_told_to_be_no_experiment() -> None:
    """Within both strata the groups buy alike; only who is in them differs."""
    chosen = {"by_lot": False}
    found = told(
        arm("crm", 800, 8, **chosen),
        arm("crm", 200, 20, stratum=5, **chosen),
        arm("interest", 200, 2, **chosen),
        arm("interest", 800, 80, stratum=5, **chosen),
    )
    assert found["interest", REVENUE]["relative"] == pytest.approx(82 / 28 - 1)
    assert found["interest", STANDARDISED]["relative"] == pytest.approx(0)
    assert "not an experiment" in found["interest", REVENUE]["verdict"]
    assert found["interest", REVENUE]["split_p_value"] is None


def test_nothing_is_nan_and_what_nobody_does_is_not_told() -> None:
    lone = told(arm("sent", 0, 0))
    pair = told(arm("holdout", 0, 0), arm("mailed", 1, 1, sent=1))
    assert {metric for _, metric in lone} <= set(METRICS)
    for rows in (lone, pair):
        assert not any(metric.startswith(("opened", "clicked")) for _, metric in rows)
        for row in rows.values():
            assert not any(isinstance(value, float) and not math.isfinite(value) for value in row.values())
    assert "Nothing can be said" in pair["mailed", PURCHASES]["verdict"]
