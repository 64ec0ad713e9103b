"""The registered model as MLflow serves it: receipts in, the goods that go best with each out.

`mlflow.pyfunc.load_model("models:/related@champion").predict(receipts, params={"k": 5})`, wherever this package is
installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pipelines.models import serving
from pipelines.models.related.score import Related, read

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

K = 10
FOUND = ("basket_id", "rank", "product_id", "score", "because", "reason")


@dataclass(frozen=True)
class ServedRelated:
    """What MLflow asks to predict."""

    model: Related

    def predict(self, receipts: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """`basket_id, rank, product_id, score, because, reason`: as `Related.rank` says.

        Args:
            receipts: `basket_id, product_id`, a row a good.
            params: `k`, how many goods; 10 where it is not given. `relation`, `together` or `after`.
        """
        asked = params or {}
        found = self.model.rank(receipts, int(asked.get("k", K)), relation=asked.get("relation", "together"))
        return found.astype({"rank": np.int64})


def signature() -> ModelSignature:
    """Of `ServedRelated.predict`, as the registry keeps it."""
    return serving.signature(("basket_id", "product_id"), FOUND, k=K, relation="together")


def _load_pyfunc(folder: str) -> ServedRelated:
    return ServedRelated(read(Path(folder)))
