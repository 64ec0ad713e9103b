"""How well chances foresee what comes, beside other chances of the same things.

The Brier score is the mean squared distance of the chance from what came, 0 or 1; a person's skill is
`1 - Brier / (p (1 - p))` with p the share that came of all, so that who always says p has 0 in the mean (Murphy 1973).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from pipelines.errors import DataError
from pipelines.models import gate
from pipelines.models.calibration import calibration_error

Chance = NDArray[np.float64]
Came = NDArray[np.bool_]


def skill(chance: Chance, came: Came, person: NDArray[np.int64]) -> Chance:
    """Of each person the skill over their things, by the number of the person.

    Two persons, chances .5 and 1 of things that both came and .5 of one that did not: p = 2/3, p (1 - p) = 2/9; the
    first one's Brier score is .125 and the skill .4375, the second one's .25 and -.125.

    Raises:
        DataError: of all things none came, or every one did.
    """
    share = came.mean() if len(came) else 0.0
    if not 0 < share < 1:
        raise DataError(
            f"Of {len(came)} things asked, {int(came.sum())} came: chances cannot be compared",
            remedy="Train again when there is more history.",
        )
    owner = np.unique(person, return_inverse=True)[1]
    brier = np.bincount(owner, weights=(chance - came) ** 2) / np.bincount(owner)
    found: Chance = 1 - brier / (share * (1 - share))
    return found


def table(
    chances: Mapping[str, Chance], skills: Mapping[str, Chance], came: Came, ours: str
) -> list[dict[str, Any]]:
    """A row each: AUC, Brier score, calibration error, and our skill less its, paired over persons."""
    rows = []
    for name, chance in chances.items():
        gain = "" if name == ours else str(gate.paired(skills[ours], skills[name], seed=0))
        figures = {
            "auc": float(roc_auc_score(came, chance)),
            "brier": float(np.mean((chance - came) ** 2)),
            "calibration_error": calibration_error(chance, came),
            "skill": float(skills[name].mean()),
        }
        said = (
            f"AUC {figures['auc']:.4f}  Brier {figures['brier']:.4f}  "
            f"off by {figures['calibration_error']:.4f}  {gain and f'{gain} behind'}"
        )
        rows.append({"model": name, "cases": len(came), **figures, "gain": gain, "said": said.rstrip()})
    return rows
