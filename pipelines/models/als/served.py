"""The registered model as MLflow serves it: persons in, the goods that suit each best out.

`mlflow.pyfunc.load_model("models:/als@champion").predict(pandas.DataFrame({"person_id": [...]}), params={"k": 5})`,
wherever this package is installed; MLflow finds `_load_pyfunc` by the module's name. What a person has bought, and
what is no longer in the catalogue, is not struck here: `gold.recommendations` does that.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pipelines.models import serving
from pipelines.models.als import factors
from pipelines.models.als.factors import AlsFactors
from pipelines.models.als.score import offers

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

K = 10


@dataclass(frozen=True)
class ServedAls:
    """What MLflow asks to predict."""

    als: AlsFactors

    def predict(self, persons: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """`person_id, rank, product_id, score, known`: the k best goods of each person, best first.

        Args:
            persons: Column `person_id`. One that the model does not know gets what is popular, with its number of
                recent buyers as the score, and `known` is false.
            params: `k`, how many goods; 10 where it is not given.
        """
        nobody = np.empty(0, dtype=np.int64)
        found: pd.DataFrame = offers(
            self.als,
            pa.array(persons["person_id"], pa.string()),
            k=int((params or {}).get("k", K)),
            struck=(nobody, nobody),
            withdrawn=np.empty(0, dtype=np.int32),
        ).to_pandas()
        return found.astype({"rank": np.int64})


def signature() -> ModelSignature:
    """Of `ServedAls.predict`, as the registry keeps it."""
    return serving.signature(("person_id",), ("person_id", "rank", "product_id", "score", "known"), k=K)


def _load_pyfunc(folder: str) -> ServedAls:
    return ServedAls(factors.read(Path(folder)))
