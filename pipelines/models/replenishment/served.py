"""The registered model as MLflow serves it: receipt lines in, the habits that each customer will likely buy next out.

`mlflow.pyfunc.load_model("models:/replenishment@champion").predict(lines, params={"k": 5})`, wherever this package is
installed. Asked is the day after the last line.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipelines.models import serving
from pipelines.models.kept import read
from pipelines.models.lines import COLUMNS, day_number
from pipelines.models.replenishment.learned import Learned, ReplenishmentParams
from pipelines.models.replenishment.model import purchased, ranked

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

NAME, K = "replenishment", 10


@dataclass(frozen=True)
class ServedReplenishment:
    """What MLflow asks to predict."""

    learned: Learned

    def predict(self, lines: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """`customer_id, rank, product_id, score, reason` of every customer with a habit, the likeliest first.

        Args:
            lines: `customer_id, basket_id, purchased_at, product_id, quantity`: whole histories.
            params: `k`, how many goods; 10 where it is not given.
        """
        asked = serving.day_after(lines)
        known, people, things = purchased(lines, as_of=asked)
        found = self.learned.foreseen(
            known, people, things, clock=day_number(asked), params=ReplenishmentParams()
        )
        return ranked(found, int((params or {}).get("k", K)))


def signature() -> ModelSignature:
    """Of `ServedReplenishment.predict`, as the registry keeps it."""
    return serving.signature(COLUMNS, serving.RANKED, k=K)


def _load_pyfunc(folder: str) -> ServedReplenishment:
    return ServedReplenishment(read(Learned, Path(folder)))
