"""The champion, ready to score: the relations as the registered model keeps them."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.lakehouse.tracking import Champion, Tracking
from pipelines.models.related.score import Related, read

NAME = "related"


@dataclass(frozen=True)
class LoadedRelated:
    """A champion that is ready to score.

    Args:
        label: Such as `related/3`; stands in every row that it scores.
        model: What it learned.
    """

    label: str
    model: Related


def load(tracking: Tracking, champion: Champion) -> LoadedRelated:
    """Fetch the champion's relations.

    Raises:
        DataError: a file is gone or damaged.
        SystemFault: the store cannot be reached.
    """
    with tracking.model_files(champion) as folder:
        return LoadedRelated(champion.label, read(folder))
