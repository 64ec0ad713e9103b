"""The registered model as MLflow serves it: receipt lines in, the goods that each customer will likely buy next out.

`mlflow.pyfunc.load_model("models:/next_purchase@champion").predict(lines, params={"k": 5})`, wherever this package is
installed. Asked is the day after the last line.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipelines.models import serving
from pipelines.models.kept import read as read_model
from pipelines.models.lines import COLUMNS, places, read
from pipelines.models.next_purchase.model import Ranker
from pipelines.models.next_purchase.visits import purchased, purchases

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

NAME, K = "next_purchase", 10


@dataclass(frozen=True)
class ServedNextPurchase:
    """What MLflow asks to predict."""

    ranker: Ranker

    def predict(self, lines: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """`customer_id, rank, product_id, score, reason` of every customer of the lines, best first.

        Args:
            lines: `customer_id, basket_id, purchased_at, product_id, quantity`: whole histories.
            params: `k`, how many goods; 10 where it is not given.
        """
        found = read(lines, as_of=serving.day_after(lines))
        known = purchases(found)
        good = places(found.product_ids, self.ranker.goods)[known.good]
        kept = good >= 0
        asked = purchased(known.customer[kept], good[kept], known.day[kept], known.clock)
        return self.ranker.ranked(asked, found.customer_ids, k=int((params or {}).get("k", K)))


def signature() -> ModelSignature:
    """Of `ServedNextPurchase.predict`, as the registry keeps it."""
    return serving.signature(COLUMNS, serving.RANKED, k=K)


def _load_pyfunc(folder: str) -> ServedNextPurchase:
    return ServedNextPurchase(read_model(Ranker, Path(folder)))
