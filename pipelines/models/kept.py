"""What a training learned, in one file, and the champion read from it: for models that are plain objects of Python."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import joblib

from pipelines.errors import DataError
from pipelines.lakehouse.tracking import Champion, Tracking

_FILE = "model.joblib"
Learned = TypeVar("Learned")


@dataclass(frozen=True)
class Loaded(Generic[Learned]):
    """A champion that is ready to score.

    Args:
        label: Such as `next_purchase/3`; stands in every row that it scores.
        model: What it learned.
    """

    label: str
    model: Learned


def load(kind: type[Learned], tracking: Tracking, champion: Champion) -> Loaded[Learned]:
    """Fetch what the champion has learned.

    Raises:
        DataError: its file is gone, damaged, or of code that is no longer there.
        SystemFault: the store cannot be reached.
    """
    with tracking.model_files(champion) as folder:
        return Loaded(champion.label, read(kind, folder))


def write(model: object, folder: Path) -> None:
    """The one file, into a folder that is there."""
    joblib.dump(model, folder / _FILE, compress=3)


def read(kind: type[Learned], folder: Path) -> Learned:
    """What `write` wrote.

    Raises:
        DataError: the file is missing, damaged, of something else, or of code that is no longer there.
    """
    try:
        found = joblib.load(folder / _FILE)
    except Exception as error:  # unpickling raises whatever the damage leads to
        raise DataError(
            f"No {kind.__name__} can be read from {folder}: {error}",
            remedy="Train again: `tillpost train`.",
        ) from error
    if not isinstance(found, kind):
        raise DataError(f"{folder / _FILE} holds no {kind.__name__}", remedy="Train again: `tillpost train`.")
    return found
