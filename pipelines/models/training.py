"""What every training comes to, whatever the model, and how it is found again."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any

import pyspark

from pipelines.lakehouse.tracking import ModelVersion, Tracking, VersionedRead
from pipelines.models.gate import Decision

EVALUATION = "evaluation"
_COMPARISON = "comparison.json"
_PROMOTED, _REASON = "gate_promoted", "gate_reason"


@dataclass(frozen=True)
class TrainingResult:
    """What a training came to.

    Args:
        version: Of the registered model.
        decision: The gate's.
        table: By model or baseline (`model`), what it was worth on the split, and that in words (`said`).
        reused: A finished training of the same data, parameters and code was found, and nothing was done.
    """

    version: ModelVersion
    decision: Decision
    table: Sequence[Mapping[str, Any]]
    reused: bool

    def lines(self) -> list[str]:
        """For the terminal."""
        found = "an earlier training of the same data, parameters and code" if self.reused else "trained"
        rows = [f"{row['model']:<24} {row['said']}" for row in self.table]
        return [f"{self.version.label}: {found}", *rows, self.decision.reason]


def training_key(reads: Mapping[str, VersionedRead], settings: Mapping[str, object], *, package: str) -> str:
    """What makes two trainings the same: the inputs' versions, the settings, and the code of the model and of Spark."""
    code = hashlib.sha256()
    for module in sorted(files(package).iterdir(), key=lambda module: module.name):
        if module.name.endswith(".py"):
            code.update(module.read_bytes())
    inputs = [(name, read.incarnation or read.path, read.version) for name, read in sorted(reads.items())]
    facts = {"inputs": inputs, "settings": settings, "code": code.hexdigest(), "spark": pyspark.__version__}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def comparison(table: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Name and text of the file that keeps a result's table among the run's artifacts, in `EVALUATION`."""
    return _COMPARISON, json.dumps(list(table), indent=1)


def register(
    tracking: Tracking,
    name: str,
    served: ModuleType,
    write: Callable[[Path], None],
    *,
    as_of: date,
    params: Mapping[str, Any],
) -> ModelVersion:
    """Make what the active run has learned the model's next version.

    Args:
        tracking: Where it is kept.
        name: The model's.
        served: The module by which MLflow serves it; its `signature()` says how.
        write: Writes the model's files into a folder that is there.
        as_of: The last day that it has learned from.
        params: It was fitted with.
    """
    with tempfile.TemporaryDirectory(prefix="tillpost-") as folder:
        write(Path(folder))
        return tracking.register(
            name,
            loader=served.__name__,
            files=Path(folder),
            signature=served.signature(),
            tags={"as_of": as_of.isoformat(), "params": json.dumps(params)},
        )


def finish(
    tracking: Tracking,
    version: ModelVersion,
    key: str,
    decision: Decision,
    table: Sequence[Mapping[str, Any]],
) -> TrainingResult:
    """Promote where the gate says so, and let the training be found by its key."""
    if decision.promote:
        tracking.promote(version)
    verdict = {_PROMOTED: str(decision.promote), _REASON: decision.reason}
    return TrainingResult(tracking.finish_training(version, key, verdict), decision, table, reused=False)


def comparison_of(tracking: Tracking, version: ModelVersion) -> list[dict[str, Any]]:
    """How a finished version did on its split, beside the baselines; rows as of `TrainingResult.table`.

    Raises:
        SystemFault: its run's artifacts cannot be fetched.
    """
    with tracking.artifacts_of(version.run_id, EVALUATION) as folder:
        found: list[dict[str, Any]] = json.loads((folder / _COMPARISON).read_text(encoding="utf-8"))
    return found


def finished(tracking: Tracking, version: ModelVersion) -> TrainingResult:
    """The result of a training that was finished before."""
    decision = Decision(version.tags[_PROMOTED] == str(True), version.tags[_REASON])
    return TrainingResult(version, decision, comparison_of(tracking, version), reused=True)
