"""The registered model as MLflow serves it: receipt lines in, what likely comes next for each customer out.

`mlflow.pyfunc.load_model("models:/chains@champion").predict(lines, params={"k": 5})`, wherever this package is
installed. Asked is the day after the last line; children's ages are not known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pipelines.models import serving
from pipelines.models.chains.features import firsts
from pipelines.models.chains.learned import Learned
from pipelines.models.chains.score import told
from pipelines.models.kept import read as read_model
from pipelines.models.lines import COLUMNS, places, read

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

NAME, K, WITHIN_DAYS = "chains", 10, 28


@dataclass(frozen=True)
class ServedChains:
    """What MLflow asks to predict."""

    learned: Learned

    def predict(self, lines: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """`customer_id, rank, product_id, score, reason` of every customer whom a transition concerns, likeliest first.

        Args:
            lines: `customer_id, basket_id, purchased_at, product_id, quantity`: whole histories.
            params: `k`, how many goods; 10 where it is not given.
        """
        known = read(lines, as_of=serving.day_after(lines))
        product = places(known.product_ids, self.learned.product_ids)[known.product]
        been = firsts(known.customer, product, known.day, self.learned.of_product)
        births = np.full(len(known.customer_ids), np.nan)
        steps = self.learned.steps(been, births, clock=known.as_of_day, within_days=WITHIN_DAYS)
        best = self.learned.best(steps, int((params or {}).get("k", K)))
        return told(self.learned, best, known.customer_ids)[list(serving.RANKED)]


def signature() -> ModelSignature:
    """Of `ServedChains.predict`, as the registry keeps it."""
    return serving.signature(COLUMNS, serving.RANKED, k=K)


def _load_pyfunc(folder: str) -> ServedChains:
    return ServedChains(read_model(Learned, Path(folder)))
