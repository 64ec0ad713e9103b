"""Opening the MLflow store, silently, safely, and with errors that say what to do.

MLflow takes seconds to import, so nothing here imports it before a store is opened.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import SystemFault

if TYPE_CHECKING:
    from mlflow import MlflowClient

_SQLITE = "sqlite:///"
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_DFS_TMP": f"/tmp/mlflow-{os.getuid()}",  # MLflow's own default is one folder for all users
}


@dataclass(frozen=True)
class Store:
    """An open store.

    Args:
        uri: Of runs and of registered models; a sqlite path in it is absolute.
        client: MLflow's, for both.
        experiment_id: Of the experiment that was asked for.
    """

    uri: str
    client: MlflowClient
    experiment_id: str


def is_absent(uri: str) -> bool:
    """Whether the store is a sqlite file that nobody has made yet; that is known without MLflow."""
    return uri.startswith(_SQLITE) and not Path(uri.removeprefix(_SQLITE)).exists()


@lru_cache
def open_store(uri: str, artifacts: str, experiment: str) -> Store:
    """Open the store, and make what is missing: folders, database, tables, experiment.

    A sqlite file is opened under a lock, since MLflow's migrations crash when two processes run them at once.

    Raises:
        SystemFault: the store cannot be reached or written.
    """
    os.environ.update({key: value for key, value in _QUIET.items() if key not in os.environ})
    with explained("open", uri):
        if not uri.startswith(_SQLITE):
            return _opened(uri, artifacts, experiment)
        database = Path(uri.removeprefix(_SQLITE)).resolve()
        database.parent.mkdir(parents=True, exist_ok=True)
        with open(f"{database}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return _opened(_SQLITE + str(database), artifacts, experiment)


def _opened(uri: str, artifacts: str, experiment: str) -> Store:
    from mlflow import MlflowClient
    from mlflow.utils.logging_utils import disable_logging

    disable_logging()  # type: ignore[no-untyped-call]
    logging.getLogger("alembic").setLevel(logging.ERROR)
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    client.search_registered_models(max_results=1)  # makes the registry's tables too
    known = client.get_experiment_by_name(experiment)
    if known:
        return Store(uri, client, known.experiment_id)
    place = artifacts if "://" in artifacts else Path(artifacts).resolve().as_uri()
    return Store(uri, client, client.create_experiment(experiment, artifact_location=place))


@contextmanager
def explained(doing: str, place: str) -> Iterator[None]:
    """Turn what MLflow and the disk say into one sentence and a remedy."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (OSError, MlflowException) as error:
        said = (str(error).splitlines() or ["no reason given"])[0]
        raise SystemFault(
            f"Cannot {doing} {place}: {said}",
            remedy="Check tracking.uri and tracking.artifacts, and that this machine may write there.",
        ) from error
