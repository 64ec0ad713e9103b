"""Runs, their inputs and artifacts, the registry of models, and which of them may be used on which date.

A model version that was once promoted carries the tags `promoted=true` and `as_of=YYYY-MM-DD`, the date until
which it has seen data. A run of a date uses the newest one that has seen nothing later, so scoring the past
never leans on its future; the alias `champion` marks the newest of all. A training is found again by the tag
`training_key`, which is set last: a training that was killed has none, and is done again.

MLflow takes seconds to import, so it is imported by the functions that need it, and never to learn that no
model exists yet.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame

from pipelines.lakehouse.tracking_store import Store, explained, is_absent, open_store

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion as RegistryVersion
    from mlflow.models import ModelSignature

CHAMPION = "champion"
# By registered models, beside this package.
_NEEDED = ("mlflow", "numpy", "pandas", "pyarrow", "pyspark", "scikit-learn")


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
        _ = self._store

    @property
    def _store(self) -> Store:
        return open_store(self.uri, self.artifacts, self.experiment)

    @contextmanager
    def run(self, name: str, *, tags: Mapping[str, str], params: Mapping[str, object]) -> Iterator[str]:
        """One MLflow run, whose id the block gets: finished when it ends, failed when it raises.

        Runs are one after another in a process: the other methods write to the active one.
        """
        store = self._store
        import mlflow

        with explained("write to", self.uri):
            mlflow.set_tracking_uri(store.uri)
            mlflow.set_registry_uri(store.uri)
            active = mlflow.start_run(experiment_id=store.experiment_id, run_name=name, tags=dict(tags))
        with active:
            with explained("write to", self.uri):
                mlflow.log_params(dict(params))
            yield active.info.run_id

    def log_inputs(self, reads: Iterable[VersionedRead]) -> None:
        """Note the path and the version of every table that the active run reads.

        What `mlflow.data.load_delta` notes, less its `approx_count`, which carries every row through Python.
        """
        import mlflow
        from mlflow.data.delta_dataset_source import DeltaDatasetSource
        from mlflow.data.meta_dataset import MetaDataset

        with explained("write to", self.uri):
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

    def inputs_of(self, run_id: str) -> dict[str, int]:
        """The version of every table that a run has read, by table name."""
        with explained("read", self.uri):
            inputs = self._store.client.get_run(run_id).inputs
        read = inputs.dataset_inputs if inputs else []
        tags = {one.dataset.name: {tag.key: tag.value for tag in one.tags} for one in read}
        return {name: int(of["version"]) for name, of in sorted(tags.items()) if "version" in of}

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Add metrics to the active run."""
        import mlflow

        with explained("write to", self.uri):
            mlflow.log_metrics(dict(metrics))

    def log_folder(self, folder: Path, artifact_path: str) -> None:
        """Add a local folder's files to the active run."""
        import mlflow

        with explained("write to", self.artifacts):
            mlflow.log_artifacts(str(folder), artifact_path)

    @contextmanager
    def artifacts_of(self, run_id: str, artifact_path: str) -> Iterator[Path]:
        """A run's artifact folder as a local one, for the length of the block.

        Raises:
            SystemFault: it is not there or cannot be fetched.
        """
        store = self._store
        with tempfile.TemporaryDirectory(prefix="tillpost-") as folder:
            with explained("fetch artifacts from", self.artifacts):
                fetched = store.client.download_artifacts(run_id, artifact_path, folder)
            yield Path(fetched)

    def register(
        self,
        name: str,
        *,
        loader: str,
        files: Path,
        signature: ModelSignature,
        tags: Mapping[str, str],
    ) -> ModelVersion:
        """Log a model to the active run and make it the next version of `name`, not promoted.

        It is of MLflow's `python_function` flavour: any program that has this package loads it by name.

        Args:
            name: Of the registered model.
            loader: Module whose `_load_pyfunc(folder)` gives the object that predicts.
            files: The folder that it loads.
            signature: What it reads and gives.
            tags: Of the version; `as_of` among them.

        Requirements are given: to infer them, MLflow would load the model in a process of its own.
        """
        import mlflow.pyfunc

        client = self._store.client
        with explained("register a model in", self.uri), redirect_stderr(StringIO()):  # MLflow tells it there
            logged = mlflow.pyfunc.log_model(
                name=name,
                loader_module=loader,
                data_path=str(files),
                registered_model_name=name,
                signature=signature,
                pip_requirements=[f"{needed}=={metadata.version(needed)}" for needed in _NEEDED],
            )
            number = str(logged.registered_model_version)
            for tag, value in tags.items():
                client.set_model_version_tag(name, number, tag, value)
            return _version(client.get_model_version(name, number))

    @contextmanager
    def model_files(self, version: ModelVersion) -> Iterator[Path]:
        """The folder that `register` was given for a version, as a local one, for the length of the block.

        Raises:
            SystemFault: it is not there or cannot be fetched.
        """
        store = self._store
        from mlflow.artifacts import download_artifacts

        with tempfile.TemporaryDirectory(prefix="tillpost-") as place:
            with explained("fetch a model from", self.artifacts):
                uri = store.client.get_model_version_download_uri(version.name, str(version.version))
                data = Path(
                    download_artifacts(
                        artifact_uri=f"{uri.rstrip('/')}/data", dst_path=place, tracking_uri=store.uri
                    )
                )
            (folder,) = data.iterdir()
            yield folder

    def champion(self, name: str, as_of: date) -> Champion | None:
        """The newest promoted version that has seen nothing after `as_of`; null where there is none."""
        usable = [version for version in self.promoted(name) if version.trained_as_of <= as_of]
        return max(usable, key=_age) if usable else None

    def promote(self, version: ModelVersion) -> None:
        """Allow a version to be used from its `as_of` on; the alias `champion` goes to the newest such."""
        with explained("promote a model in", self.uri):
            client = self._store.client
            client.set_model_version_tag(version.name, str(version.version), "promoted", "true")
            newest = max(self.promoted(version.name), key=_age)
            client.set_registered_model_alias(version.name, CHAMPION, str(newest.version))

    def finish_training(self, version: ModelVersion, key: str, tags: Mapping[str, str]) -> ModelVersion:
        """Note what became of a version, and, last of all, the key by which `find_training` finds it."""
        client, number = self._store.client, str(version.version)
        with explained("write to", self.uri):
            for tag, value in {**tags, "training_key": key}.items():
                client.set_model_version_tag(version.name, number, tag, value)
            return _version(client.get_model_version(version.name, number))

    def find_training(self, name: str, key: str) -> ModelVersion | None:
        """The version that a finished training of the same key has given; null where there is none."""
        found = [version for version in self.versions(name) if version.tags.get("training_key") == key]
        return max(found, key=lambda version: version.version) if found else None

    @property
    def client(self) -> MlflowClient:
        """MLflow's own, of the open store."""
        return self._store.client

    def promoted(self, name: str) -> list[Champion]:
        """The versions of a model that may be used."""
        tagged = (version for version in self.versions(name) if version.tags.get("promoted") == "true")
        return [Champion(v.name, v.version, v.run_id, v.trained_as_of, v.tags) for v in tagged]

    def versions(self, name: str) -> list[ModelVersion]:
        """Every version of a model that a training has registered."""
        if is_absent(self.uri):
            return []
        with explained("read", self.uri):
            found = self._store.client.search_model_versions(f"name='{name}'", max_results=10_000)
            return [_version(version) for version in found if "as_of" in version.tags]


def _age(version: ModelVersion) -> tuple[date, int]:
    return version.trained_as_of, version.version


def _version(found: RegistryVersion) -> ModelVersion:
    trained = date.fromisoformat(found.tags["as_of"])
    return ModelVersion(found.name, int(found.version), str(found.run_id), trained, dict(found.tags))
