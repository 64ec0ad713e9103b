"""The registered model as MLflow serves it: what visits have looked at in, the goods that suit each best out.

`mlflow.pyfunc.load_model("models:/first_visit@champion").predict(visits, params={"k": 5})`, wherever this package is
installed. A shop holds the same file in memory (`publish.site_feed`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipelines.models import serving
from pipelines.models.first_visit.score import FILE, FirstVisit, read

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

NAME, K = "first_visit", 10
FOUND = ("session_id", "rank", "product_id", "score", "reason")


@dataclass(frozen=True)
class ServedFirstVisit:
    """What MLflow asks to predict."""

    model: FirstVisit

    def predict(self, visits: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """`session_id, rank, product_id, score, reason`: as `FirstVisit.rank` says.

        Args:
            visits: `session_id, product_id`, a row a good that the visit has looked at.
            params: `k`, how many goods; 10 where it is not given.
        """
        return self.model.rank(visits, int((params or {}).get("k", K)))


def signature() -> ModelSignature:
    """Of `ServedFirstVisit.predict`, as the registry keeps it."""
    return serving.signature(("session_id", "product_id"), FOUND, k=K)


def _load_pyfunc(folder: str) -> ServedFirstVisit:
    return ServedFirstVisit(read(Path(folder) / FILE))
