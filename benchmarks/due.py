"""replenishment beside RCP, ATD and PG: is a habit bought again within 7 and 14 days of 2017-12-01?"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss, roc_auc_score

from benchmarks.protocols import CUTOFF, LEFT_OUT, receipts
from pipelines.models import gate, replenishment
from pipelines.models.calibration import calibration_error
from pipelines.models.lines import day_number
from pipelines.models.replenishment import baselines
from pipelines.models.replenishment.habits import habits
from pipelines.models.replenishment.learned import guarded


def due_within() -> dict[str, Any]:
    """AUC, Brier score and calibration error of each method, and the share of intervals that hold the purchase."""
    lines, goods = receipts()
    lines = lines[~lines["department"].isin(LEFT_OUT)]
    as_of = CUTOFF.date()
    model = replenishment.fit(lines, as_of=as_of, goods=goods)
    clock, known = day_number(as_of), model.known
    frame = model.due()
    habit = guarded(known, model.params)
    found: dict[str, Any] = {
        "habits": len(frame),
        "command": "python -m benchmarks.models --only replenishment",
    }
    for days in (7, 14):
        bought = _bought_again(lines, frame, as_of, days)
        given = {"replenishment": frame[f"within_{days}"].to_numpy()}
        given |= {name: score[habit] for name, score in baselines.scores(known, clock, days).items()}
        found[f"within {days}"] = {
            name: {
                "AUC": float(roc_auc_score(bought, score)),
                "Brier": float(brier_score_loss(bought, np.clip(score, 0, 1))),
                "calibration error": calibration_error(score, bought),
            }
            for name, score in given.items()
        } | {"share bought": float(bought.mean())}
        ours, people = given.pop("replenishment"), frame["customer_id"].to_numpy()
        found[f"within {days}"]["gains"] = {
            name: str(gate.paired(_briers(score, bought, people), _briers(ours, bought, people), seed=7))
            for name, score in given.items()
        }
    return found


def _bought_again(lines: Any, frame: Any, as_of: date, days: int) -> NDArray[np.bool_]:
    day = lines["purchased_at"].to_numpy().astype("datetime64[D]").astype(np.int64) - day_number(as_of)
    later = lines[(day >= 0) & (day < days)]
    people = np.union1d(frame["customer_id"], later["customer_id"])
    things = np.union1d(frame["product_id"], later["product_id"])
    size = len(things)
    bought = habits(
        np.searchsorted(people, later["customer_id"]),
        np.searchsorted(things, later["product_id"]),
        np.zeros(len(later), dtype=np.int64),
        later["quantity"].to_numpy().astype(float),
    )
    asked = np.searchsorted(people, frame["customer_id"]) * size + np.searchsorted(
        things, frame["product_id"]
    )
    came: NDArray[np.bool_] = np.isin(asked, bought.person * size + bought.thing)
    return came


def _briers(
    chance: NDArray[np.float64], came: NDArray[np.bool_], people: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Each person's mean squared error: what a bootstrap over persons resamples."""
    owner = np.unique(people, return_inverse=True)[1]
    error = np.bincount(owner, weights=(chance - came) ** 2)
    mean: NDArray[np.float64] = error / np.bincount(owner)
    return mean
