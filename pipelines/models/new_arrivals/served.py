"""The registered model as MLflow serves it: receipt lines in, the new goods that suit each customer best out.

`mlflow.pyfunc.load_model("models:/new_arrivals@champion").predict(lines, params={"k": 5})`, wherever this package is
installed. Asked is the day after the last line; new is what the lines show for the first time in the last weeks.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pipelines.models import serving
from pipelines.models.attributes import attributes_of
from pipelines.models.kept import read as read_model
from pipelines.models.lines import COLUMNS, read
from pipelines.models.new_arrivals.catalogue import KINDS
from pipelines.models.new_arrivals.features import first_days, liked_of, new_goods
from pipelines.models.new_arrivals.learned import Learned
from pipelines.models.new_arrivals.score import NewArrivals
from pipelines.models.new_arrivals.train import bought

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

NAME, K = "new_arrivals", 10
FOUND = ("customer_id", "rank", "product_id", "score", "explored", "propensity", "reason")


@dataclass(frozen=True)
class ServedNewArrivals:
    """What MLflow asks to predict."""

    learned: Learned

    def predict(self, lines: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """`customer_id, rank, product_id, score, explored, propensity, reason`: as `NewArrivals.rank` says.

        Args:
            lines: `customer_id, basket_id, purchased_at, product_id, quantity`: whole histories, with `category,
                product_type, brand` of the good; empty where it is not known.
            params: `k`, how many goods; 10 where it is not given. `explore_share` of the slots; 0.
        """
        known = read(lines[list(COLUMNS)], as_of=serving.day_after(lines))
        goods = lines[["product_id", *KINDS]].drop_duplicates("product_id").replace("", None)
        attributes = self.learned.tastes.known(
            attributes_of(goods, known.product_ids), len(known.product_ids)
        )
        asked, day = self.learned.params, known.as_of_day
        liked = liked_of(known, attributes, until=day, half_life_days=asked.half_life_days)
        seen = first_days(known, None)
        new, place = new_goods(known, attributes, seen, until=day, window_days=asked.window_days)
        model = NewArrivals(
            known.as_of, known.customer_ids, self.learned, liked, new, bought(known, place, day)
        )
        given = params or {}
        share = float(given.get("explore_share", 0.0))
        found = model.rank(known.customer_ids, int(given.get("k", K)), explore_share=share)
        return found.astype({"rank": np.int64})


def signature() -> ModelSignature:
    """Of `ServedNewArrivals.predict`, as the registry keeps it."""
    return serving.signature((*COLUMNS, *KINDS), FOUND, k=K, explore_share=0.0)


def _load_pyfunc(folder: str) -> ServedNewArrivals:
    return ServedNewArrivals(read_model(Learned, Path(folder)))
