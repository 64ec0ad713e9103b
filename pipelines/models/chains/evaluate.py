"""Whether who may take a step takes it in the days after: the chance that the model foresees, beside two shares.

Asked are the persons and states to which a learned transition may lead them on the day of the split. The baselines
look at as many days before the split:

- *share of the state*: of those who had not come to it, how many did;
- *share of the step*: the same of those only who were in the state before, drawn to the share of the state as if by
  `PRIOR` further persons. What the model knows beyond it is the time since that state.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.models.chains.features import Firsts, firsts
from pipelines.models.chains.learned import Learned
from pipelines.models.lines import Lines

OURS, OF_STATE, OF_STEP = "chains", "share of the state", "share of the step"
PRIOR = 10.0
Chance = NDArray[np.float64]


def came(steps: pd.DataFrame, learned: Learned, after: Lines) -> NDArray[np.bool_]:
    """Whether each step was taken, by the lines until the end of the days after the split."""
    been = firsts(after.customer, after.product, after.day, learned.of_product)
    span = len(learned.names)
    asked = steps["customer"].to_numpy() * span + steps["state"].to_numpy()
    return np.isin(asked, been.customer * span + been.state)


def foreseen(
    steps: pd.DataFrame, learned: Learned, been: Firsts, split: int, days: int
) -> Mapping[str, Chance]:
    """By ranking the chance of each step.

    Args:
        steps: Of `Learned.steps`.
        learned: Its model.
        been: Where everybody has been before the split.
        split: Its day, since 1970-01-01.
        days: So many days after it are foreseen.
    """
    before = split - days
    people = len(np.unique(been.customer[been.day < before]))
    there = {state: been.where(been.state == state) for state in learned.states}
    early = {state: set(rows.customer[rows.day < before].tolist()) for state, rows in there.items()}
    late = {state: set(rows.customer[rows.day >= before].tolist()) for state, rows in there.items()}
    of_state = {b: len(late[b]) / max(people - len(early[b]), 1) for b in there}
    of_step = {
        (one.a, one.b): (len(early[one.a] & late[one.b]) + PRIOR * of_state[one.b])
        / (len(early[one.a] - early[one.b]) + PRIOR)
        for one in learned.found
    }
    pairs = list(zip(steps["before"], steps["state"], strict=True))
    return {
        OURS: steps["score"].to_numpy(),
        OF_STATE: np.array([of_state[b] for _, b in pairs], dtype=np.float64),
        OF_STEP: np.array([of_step[pair] for pair in pairs], dtype=np.float64),
    }
