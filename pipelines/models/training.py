"""One training of a model, whatever the model: compare, fit, register, decide; one MLflow run, found again by its key.

A fit until `as_of - holdout_days` is compared on the days after (`Job.compare`); a fit with the same parameters until
`as_of` becomes the next version, and the gate of all models decides by the comparison whether it is promoted. The
champion stands on the split as its parameters, fitted until the split too: what it has seen of the days after would be
the answers. Where they are the challenger's, only the age of the data differs.
"""

from __future__ import annotations

import hashlib
import json
import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

import pyspark

from pipelines.lakehouse.tracking import Champion, ModelVersion, Tracking, VersionedRead
from pipelines.models import gate
from pipelines.models.gate import Decision, Measured

EVALUATION = "evaluation"
_COMPARISON = "comparison.json"
_PROMOTED, _REASON = "gate_promoted", "gate_reason"
Reads = Mapping[str, VersionedRead]
Data = TypeVar("Data")
Params = TypeVar("Params")


@dataclass(frozen=True)
class Compared:
    """How a fit until the split did on the days after, beside baselines.

    Args:
        measured: By ranking, as the gate reads it; ours under the model's name, every other is a baseline.
        table: A row each, for people and for MLflow: `model`, figures, and them in words (`said`).
        write: Writes further artifacts into a folder that is there; null: there are none.
    """

    measured: Mapping[str, Measured]
    table: Sequence[Mapping[str, Any]]
    write: Callable[[Path], None] | None = None


@dataclass(frozen=True)
class Job(Generic[Data, Params]):
    """What a model brings to its training.

    Args:
        name: The model's, and that of its section in the settings.
        inputs: The tables that it reads.
        params: The dataclass of its parameters.
        served: The module by which MLflow serves it; its package is the code that the training is known by.
        collect: What it learns from: of the tables, for days before a date, without some departments.
        compare: A fit with the parameters on days before the first date, asked about those until before the second.
        learn: A fit on days before a date; gives what writes it into a folder.
    """

    name: str
    inputs: tuple[str, ...]
    params: type[Params]
    served: ModuleType
    collect: Callable[[Reads, date, Sequence[str], Params], AbstractContextManager[Data]]
    compare: Callable[[Data, Params, date, date], Compared]
    learn: Callable[[Data, Params, date], Callable[[Path], None]]


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


def train(
    job: Job[Data, Any],
    reads: Reads,
    *,
    as_of: date,
    params: Any,
    never_offered: Sequence[str],
    holdout_days: int,
    tracking: Tracking,
) -> TrainingResult:
    """Train, or find the finished training of the same data, parameters and code.

    Args:
        job: Of the model.
        reads: Of the job's inputs by table name, each at a fixed version.
        as_of: The last day to learn from.
        params: Of the model; the job's dataclass.
        never_offered: Departments that are neither learned from nor asked for.
        holdout_days: The last days until `as_of`, on which the models are compared.
        tracking: Where the run, the model and the verdict are kept.

    Raises:
        DataError: too little history to learn from, or nothing to ask about.
        SystemFault: the tracking store cannot be reached or written.
    """
    settings = {
        **asdict(params),
        "as_of": as_of.isoformat(),
        "never_offered": list(never_offered),
        "holdout_days": holdout_days,
    }
    key = training_key(reads, settings, package=str(job.served.__package__))
    if done := tracking.find_training(job.name, key):
        return finished(tracking, done)
    champion = tracking.champion(job.name, as_of)
    end, split = as_of + timedelta(days=1), as_of - timedelta(days=holdout_days - 1)
    with (
        tracking.run(f"{job.name} until {as_of}", tags={"training_key": key}, params=settings),
        job.collect(reads, end, never_offered, params) as data,
    ):
        tracking.log_inputs([reads[name] for name in job.inputs])
        compared = job.compare(data, params, split, end)
        standing = None
        if champion:
            theirs = _params(job, champion)
            again = compared if theirs == params else job.compare(data, theirs, split, end)
            standing = again.measured[job.name]
        decision = gate.decide(
            compared.measured[job.name],
            standing,
            {name: one for name, one in compared.measured.items() if name != job.name},
            fresher=champion is None or champion.trained_as_of < as_of,
        )
        _note(tracking, compared)
        write = job.learn(data, params, end)
        version = register(tracking, job.name, job.served, write, as_of=as_of, params=asdict(params))
    return finish(tracking, version, key, decision, compared.table)


def _params(job: Job[Any, Params], champion: Champion) -> Params:
    """Those that it was trained with."""
    found = json.loads(champion.tags["params"])
    return job.params(**{name: tuple(of) if isinstance(of, list) else of for name, of in found.items()})


def _note(tracking: Tracking, compared: Compared) -> None:
    """The comparison among the active run's metrics and artifacts."""
    metrics = {
        f"{row['model'].replace(' ', '_')}.{name}": figure
        for row in compared.table
        for name, figure in row.items()
        if isinstance(figure, float) and math.isfinite(figure)
    }
    tracking.log_metrics(metrics)
    with tempfile.TemporaryDirectory(prefix="tillpost-") as folder:
        text = json.dumps(list(compared.table), indent=1)
        Path(folder, _COMPARISON).write_text(text, encoding="utf-8")
        if compared.write:
            compared.write(Path(folder))
        tracking.log_folder(Path(folder), EVALUATION)


def training_key(reads: Reads, settings: Mapping[str, object], *, package: str) -> str:
    """What makes two trainings the same: the inputs' versions, the settings, and the code of the model and of Spark."""
    code = hashlib.sha256()
    for module in sorted(files(package).iterdir(), key=lambda module: module.name):
        if module.name.endswith(".py"):
            code.update(module.read_bytes())
    inputs = [(name, read.incarnation or read.path, read.version) for name, read in sorted(reads.items())]
    facts = {"inputs": inputs, "settings": settings, "code": code.hexdigest(), "spark": pyspark.__version__}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


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
