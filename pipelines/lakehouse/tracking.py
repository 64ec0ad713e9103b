"""Everything MLflow.

Runs, their inputs and artifacts, the registry of models, and which of them may be used on which date.

A model version that was once promoted carries the tags `promoted=true` and `as_of=YYYY-MM-DD`, the date until
which it has seen data. A run of a date uses the newest one that has seen nothing later, so scoring the past
never leans on its future; the alias `champion` marks the newest of all. A training is found again by the tag
`training_key`, which is set last: a training that was killed has none, and is done again.

MLflow takes seconds to import, so it is imported by the functions that need it, and never to learn that no
model exists yet.
"""

from __future__ import annotations

import fcntl
import logging
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame

from pipelines.errors import SystemFault

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion as RegistryVersion
    from pyspark.ml import Model

CHAMPION = "champion"
_SQLITE = "sqlite:///"
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}


@dataclass(frozen=True)
class VersionedRead:
    """A table as a training reads it.

    Args:
        table: `<layer>.<table>`.
        path: Where it lies.
        version: Of the Delta table; `frame` is that version.
        frame: The rows.
        incarnation: The Delta table's own id, which a table that was dropped and made anew does not share.
    """

    table: str
    path: str
    version: int
    frame: DataFrame
    incarnation: str = ""


@dataclass(frozen=True)
class ModelVersion:
    """A registered model version.

    Args:
        name: Of the registered model.
        version: Its number.
        run_id: The MLflow run that trained it.
        trained_as_of: The last date whose data it has seen.
        tags: What else was noted about it.
    """

    name: str
    version: int
    run_id: str
    trained_as_of: date
    tags: Mapping[str, str]

    @property
    def label(self) -> str:
        """As it stands in the rows that it scores, such as `als/3`."""
        return f"{self.name}/{self.version}"


class Champion(ModelVersion):
    """A version that was promoted."""


@dataclass(frozen=True)
class Tracking:
    """The MLflow store that `conf/` names.

    Args:
        uri: `sqlite:///<path>` on one machine, a server's URI on a cluster.
        artifacts: Folder or URI of the experiment's files.
        experiment: Name of the experiment.
    """

    uri: str
    artifacts: str
    experiment: str

    def prepare(self) -> None:
        """Make the database and the experiment if they are not there; four processes may do so at once.

        Raises:
            SystemFault: the store cannot be reached or written.
        """
        _store(self)

    @contextmanager
    def run(self, name: str, *, tags: Mapping[str, str], params: Mapping[str, object]) -> Iterator[str]:
        """One MLflow run, finished when the block ends and failed when it raises.

        Gives the run's id. Trainings are serial.
        """
        store = _store(self)
        import mlflow

        with _explained("write to", self.uri):
            mlflow.set_tracking_uri(store.uri)
            mlflow.set_registry_uri(store.uri)
            active = mlflow.start_run(experiment_id=store.experiment_id, run_name=name, tags=dict(tags))
        with active:
            mlflow.log_params(dict(params))
            yield active.info.run_id

    def log_inputs(self, reads: Iterable[VersionedRead]) -> None:
        """Note the path and the version of every table that the active run reads.

        As `mlflow.data.load_delta` does, but for its `approx_count`, which would carry every row through
        Python.
        """
        import mlflow
        from mlflow.data.delta_dataset_source import DeltaDatasetSource
        from mlflow.data.meta_dataset import MetaDataset

        with _explained("write to", self.uri):
            mlflow.log_inputs(
                datasets=[
                    MetaDataset(  # type: ignore[abstract]  # MLflow's own class lacks a default
                        DeltaDatasetSource(path=r.path, delta_table_version=r.version), name=r.table
                    )
                    for r in reads
                ],
                contexts=["training" for _ in reads],
                tags_list=[{"version": str(r.version)} for r in reads],
            )

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Add metrics to the active run."""
        import mlflow

        with _explained("write to", self.uri):
            mlflow.log_metrics(dict(metrics))

    def log_folder(self, folder: Path, artifact_path: str) -> None:
        """Add a local folder's files to the active run."""
        import mlflow

        with _explained("write to", self.artifacts):
            mlflow.log_artifacts(str(folder), artifact_path)

    @contextmanager
    def artifacts_of(self, run_id: str, artifact_path: str) -> Iterator[Path]:
        """A run's artifact folder as a local one, for the length of the block.

        Raises:
            SystemFault: it is not there or cannot be fetched.
        """
        store = _store(self)
        with tempfile.TemporaryDirectory(prefix="tillpost-") as folder:
            with _explained("fetch artifacts from", self.artifacts):
                fetched = store.client.download_artifacts(run_id, artifact_path, folder)
            yield Path(fetched)

    def register(
        self,
        name: str,
        model: Model,
        *,
        inputs: Mapping[str, str],
        output: tuple[str, str],
        tags: Mapping[str, str],
    ) -> ModelVersion:
        """Log a spark.ml model to the active run and make it the next version of `name`, not promoted.

        Args:
            name: Of the registered model.
            model: As spark.ml fitted it.
            inputs: MLflow's types of the columns that it reads, such as `integer` (32 bits; it refuses
                others).
            output: Name and type of the column that it adds.
            tags: Of the version; `as_of` among them.

        Requirements are given, not inferred: MLflow would load the model in a process of its own to find
        them.
        """
        import mlflow.spark
        import pyspark
        from mlflow.models import ModelSignature
        from mlflow.types import ColSpec, Schema

        client = _store(self).client
        with _explained("register a model in", self.uri):
            logged = mlflow.spark.log_model(
                model,
                artifact_path="model",
                registered_model_name=name,
                signature=ModelSignature(
                    inputs=Schema([ColSpec(kind, column) for column, kind in inputs.items()]),
                    outputs=Schema([ColSpec(output[1], output[0])]),
                ),
                pip_requirements=[f"mlflow=={mlflow.__version__}", f"pyspark=={pyspark.__version__}"],
            )
            version = str(logged.registered_model_version)
            for tag, value in tags.items():
                client.set_model_version_tag(name, version, tag, value)
            return _version(client.get_model_version(name, version))

    def champion(self, name: str, as_of: date) -> Champion | None:
        """The newest promoted version that has seen nothing after `as_of`; null where there is none."""
        usable = [version for version in self._promoted(name) if version.trained_as_of <= as_of]
        return max(usable, key=_age) if usable else None

    def promote(self, version: ModelVersion) -> None:
        """Allow a version to be used from its `as_of` on, and let the alias `champion` point at the newest
        promoted.
        """
        with _explained("promote a model in", self.uri):
            client = _store(self).client
            client.set_model_version_tag(version.name, str(version.version), "promoted", "true")
            newest = max(self._promoted(version.name), key=_age)
            client.set_registered_model_alias(version.name, CHAMPION, str(newest.version))

    def finish_training(self, version: ModelVersion, key: str, tags: Mapping[str, str]) -> ModelVersion:
        """Note what became of a version, and, last of all, the key by which `find_training` finds it."""
        client, number = _store(self).client, str(version.version)
        with _explained("write to", self.uri):
            for tag, value in {**tags, "training_key": key}.items():
                client.set_model_version_tag(version.name, number, tag, value)
            return _version(client.get_model_version(version.name, number))

    def find_training(self, name: str, key: str) -> ModelVersion | None:
        """The version that a finished training of the same data, parameters and code has given.

        Null where there is none.
        """
        found = [version for version in self._versions(name) if version.tags.get("training_key") == key]
        return max(found, key=lambda version: version.version) if found else None

    def _promoted(self, name: str) -> list[Champion]:
        tagged = (version for version in self._versions(name) if version.tags.get("promoted") == "true")
        return [Champion(v.name, v.version, v.run_id, v.trained_as_of, v.tags) for v in tagged]

    def _versions(self, name: str) -> list[ModelVersion]:
        if self.uri.startswith(_SQLITE) and not Path(self.uri.removeprefix(_SQLITE)).exists():
            return []
        with _explained("read", self.uri):
            found = _store(self).client.search_model_versions(f"name='{name}'", max_results=10_000)
            return [_version(version) for version in found if "as_of" in version.tags]


def _age(version: ModelVersion) -> tuple[date, int]:
    return version.trained_as_of, version.version


def _version(found: RegistryVersion) -> ModelVersion:
    trained = date.fromisoformat(found.tags["as_of"])
    return ModelVersion(found.name, int(found.version), str(found.run_id), trained, dict(found.tags))


@dataclass(frozen=True)
class _Store:
    uri: str
    client: MlflowClient
    experiment_id: str


@lru_cache
def _store(tracking: Tracking) -> _Store:
    """The open store.

    Its tables are made under a lock: MLflow's migrations crash when two processes run them at once.
    """
    os.environ.update({key: value for key, value in _QUIET.items() if key not in os.environ})
    with _explained("open", tracking.uri):
        if not tracking.uri.startswith(_SQLITE):
            return _open(tracking, tracking.uri)
        database = Path(tracking.uri.removeprefix(_SQLITE)).resolve()
        database.parent.mkdir(parents=True, exist_ok=True)
        with open(f"{database}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return _open(tracking, _SQLITE + str(database))


def _open(tracking: Tracking, uri: str) -> _Store:
    from mlflow import MlflowClient

    for noisy in ("mlflow", "alembic"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    client.search_registered_models(max_results=1)  # makes the registry's tables too
    known = client.get_experiment_by_name(tracking.experiment)
    if known:
        return _Store(uri, client, known.experiment_id)
    place = tracking.artifacts if "://" in tracking.artifacts else Path(tracking.artifacts).resolve().as_uri()
    return _Store(uri, client, client.create_experiment(tracking.experiment, artifact_location=place))


@contextmanager
def _explained(doing: str, place: str) -> Iterator[None]:
    """Turn what MLflow and the disk say into one sentence and a remedy."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (OSError, MlflowException) as error:
        said = (str(error).splitlines() or ["no reason given"])[0]
        raise SystemFault(
            f"Cannot {doing} {place}: {said}",
            remedy="Check tracking.uri and tracking.artifacts in the settings, and that this machine may write there.",
        ) from error
