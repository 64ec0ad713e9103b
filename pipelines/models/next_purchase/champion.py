"""The champion, ready to score: the ranker as the registered model keeps it, in one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import joblib

from pipelines.errors import DataError
from pipelines.lakehouse.tracking import Champion, Tracking
from pipelines.models.next_purchase.model import Ranker

NAME = "next_purchase"
_FILE = "ranker.joblib"


@dataclass(frozen=True)
class LoadedNextPurchase:
    """A champion that is ready to score.

    Args:
        label: Such as `next_purchase/3`; stands in every row that it scores.
        ranker: What it learned.
    """

    label: str
    ranker: Ranker


def load(tracking: Tracking, champion: Champion) -> LoadedNextPurchase:
    """Fetch the champion's ranker.

    Raises:
        DataError: its file is gone, damaged, or of code that is no longer there.
        SystemFault: the store cannot be reached.
    """
    with tracking.model_files(champion) as folder:
        return LoadedNextPurchase(champion.label, read(folder))


def write(ranker: Ranker, folder: Path) -> None:
    """The one file, into a folder that is there."""
    joblib.dump(ranker, folder / _FILE, compress=3)


def read(folder: Path) -> Ranker:
    """What `write` wrote.

    Raises:
        DataError: the file is missing, damaged, or of code that is no longer there.
    """
    try:
        found = joblib.load(folder / _FILE)
    except Exception as error:  # unpickling raises whatever the damage leads to
        raise DataError(
            f"The ranker of the model {NAME} cannot be read from {folder}: {error}",
            remedy="Train again: `tillpost train`.",
        ) from error
    if not isinstance(found, Ranker):
        raise DataError(f"{folder / _FILE} holds no ranker", remedy="Train again: `tillpost train`.")
    return found
