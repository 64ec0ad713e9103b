"""The truth lies inside: in a hundred worlds, each with its own holdout, intervals of what mails caused hold it.

The worlds are drawn by numpy with the simulator's own uplifts; `benchmarks/incremental.py` asks the same of whole
simulated worlds, at three seconds each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipelines.calc.experiment.arm import CUPED, PURCHASES, REVENUE
from pipelines.simulate.mails import HOLDOUT, RECEIPT, UPLIFT
from tests.calc.experiment.test_results import arm, told

PEOPLE, SEEDS, BASKET = 3_000, 100, 20.0


def drawn(seed: int) -> tuple[dict[tuple[str, str], dict[str, Any]], float]:
    """The rows of a world's experiment, and the purchases per person that its mails cause in the mean."""
    draw = np.random.default_rng(seed)
    habit = draw.gamma(2.0, 1.0, PEOPLE)
    mails = draw.poisson(3.0, PEOPLE)
    least, most = UPLIFT[RECEIPT]
    uplift = least + most * draw.random(PEOPLE)
    held_out = draw.random(PEOPLE) < HOLDOUT
    purchases = draw.poisson(habit) + np.where(held_out, 0, draw.binomial(mails, uplift))
    paid = (
        np.rint(100 * draw.gamma(2.0 * purchases, BASKET / 2)) / 100
    )  # of each purchase gamma, BASKET on average
    before = BASKET * draw.poisson(habit)
    arms = []
    for name, mine in (("holdout", held_out), ("mailed", ~held_out)):
        y, x, n = paid[mine], before[mine], purchases[mine]
        sums = {
            "purchases": int(n.sum()), "purchases_squares": int((n * n).sum()),
            "revenue": float(y.sum()), "revenue_squares": float(y @ y),
            "before": float(x.sum()), "before_squares": float(x @ x), "revenue_by_before": float(y @ x),
        }  # fmt: skip
        share = HOLDOUT if name == "holdout" else 1 - HOLDOUT
        arms.append(arm(name, len(n), int((n > 0).sum()), share=share, **sums))
    return told(*arms), float((mails * uplift).mean())


@pytest.fixture(scope="module")
def worlds() -> list[tuple[dict[tuple[str, str], dict[str, Any]], float]]:
    return [drawn(seed) for seed in range(SEEDS)]


@pytest.mark.parametrize(("metric", "worth"), [(PURCHASES, 1.0), (REVENUE, BASKET), (CUPED, BASKET)])
def test_at_least_93_of_100_intervals_hold_what_mails_caused(
    worlds: list[tuple[dict[tuple[str, str], dict[str, Any]], float]], metric: str, worth: float
) -> None:
    found = [(rows["mailed", metric], truth * worth) for rows, truth in worlds]
    assert sum(row["absolute_low"] <= truth <= row["absolute_high"] for row, truth in found) >= 93
    truths = [truth for _, truth in found]
    assert np.mean([row["absolute"] for row, _ in found]) == pytest.approx(np.mean(truths), rel=0.25)


def test_what_influenced_counts_would_credit_is_outside(
    worlds: list[tuple[dict[tuple[str, str], dict[str, Any]], float]],
) -> None:
    """All that mailed people buy is many times what mails cause: no interval reaches up to it."""
    assert not any(
        rows["mailed", PURCHASES]["absolute_high"] > rows["mailed", PURCHASES]["value"] for rows, _ in worlds
    )
