"""The champion, ready to score.

From the two Parquet files of the registered model, without Spark and without MLflow's model loader.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.lakehouse.tracking import Champion, Tracking
from pipelines.models.als import factors
from pipelines.models.als.factors import AlsFactors

NAME = "als"


@dataclass(frozen=True)
class LoadedAls:
    """A champion that is ready to score.

    Args:
        label: Such as `als/3`; stands in every row that it scores.
        factors: What it learned.
    """

    label: str
    factors: AlsFactors


def load(tracking: Tracking, champion: Champion) -> LoadedAls:
    """Fetch the champion's factors.

    Raises:
        DataError: its artifacts are gone or damaged.
        SystemFault: the store cannot be reached.
    """
    with tracking.model_files(champion) as folder:
        return LoadedAls(champion.label, factors.read(folder))
