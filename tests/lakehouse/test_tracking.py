"""Against a real sqlite store."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pipelines.errors import SystemFault
from pipelines.lakehouse.tracking import CHAMPION, ModelVersion, Tracking


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Tracking:
    place = tmp_path_factory.mktemp("mlflow") / "made" / "on demand"
    made = Tracking(f"sqlite:///{place / 'mlflow.db'}", str(place / "artifacts"), "trials")
    made.prepare()
    return made


def registered(tracking: Tracking, name: str, as_of: date) -> ModelVersion:
    """A version as `Tracking.register` leaves it, without the model."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    client = MlflowClient(tracking.uri, tracking.uri)
    try:
        client.get_registered_model(name)
    except MlflowException:
        client.create_registered_model(name)
    with tracking.run("trial", tags={}, params={}) as run_id:
        version = client.create_model_version(name, source=f"runs:/{run_id}/model", run_id=run_id)
    client.set_model_version_tag(name, version.version, "as_of", as_of.isoformat())
    return ModelVersion(name, int(version.version), run_id, as_of, {})


def test_a_registered_model_is_loaded_by_its_name_and_gives_its_files_back(
    tracking: Tracking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow
    import pandas as pd
    from mlflow.models import infer_signature

    (tmp_path / "learned").mkdir()
    (tmp_path / "learned" / "factor.txt").write_text("3")
    (tmp_path / "tripling.py").write_text(
        "import pathlib\n"
        "def _load_pyfunc(folder):\n"
        "    factor = int(pathlib.Path(folder, 'factor.txt').read_text())\n"
        "    return type('Times', (), {'predict': staticmethod(lambda frame: frame * factor)})()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with tracking.run("trial", tags={}, params={}):
        version = tracking.register(
            "tripled",
            loader="tripling",
            files=tmp_path / "learned",
            signature=infer_signature(pd.DataFrame({"x": [1.0]})),
            tags={"as_of": "2024-03-01", "why": "test"},
        )
    assert (version.label, version.trained_as_of, version.tags["why"]) == (
        "tripled/1",
        date(2024, 3, 1),
        "test",
    )
    assert tracking.champion("tripled", date(2024, 12, 31)) is None
    elsewhere = tmp_path / "elsewhere.db"
    mlflow.set_tracking_uri(f"sqlite:///{elsewhere}")  # what MLflow takes by itself is not asked
    with tracking.model_files(version) as folder:
        assert {file.name: file.read_text() for file in folder.iterdir()} == {"factor.txt": "3"}
    assert not folder.exists()
    assert not elsewhere.exists()
    mlflow.set_tracking_uri(tracking.uri)
    loaded = mlflow.pyfunc.load_model("models:/tripled/1")
    assert loaded.predict(pd.DataFrame({"x": [2.0]}))["x"].tolist() == [6.0]


def test_a_store_that_is_not_there_has_no_champion_and_is_not_made(tmp_path: Path) -> None:
    absent = Tracking(f"sqlite:///{tmp_path / 'mlflow.db'}", str(tmp_path), "trials")
    assert absent.champion("als", date(2024, 1, 1)) is None
    assert absent.find_training("als", "key") is None
    assert not list(tmp_path.iterdir())


def test_a_champion_never_saw_a_later_day_than_asked(tracking: Tracking) -> None:
    march, april, never = (registered(tracking, "dated", date(2024, month, 1)) for month in (3, 4, 5))
    assert tracking.champion("dated", date(2024, 12, 31)) is None
    for version in (april, march):
        tracking.promote(version)

    def champion(day: date) -> str | None:
        found = tracking.champion("dated", day)
        return found.label if found else None

    assert champion(date(2024, 2, 29)) is None
    assert champion(date(2024, 3, 1)) == f"dated/{march.version}"
    assert champion(date(2024, 4, 1)) == f"dated/{april.version}"
    assert champion(never.trained_as_of) == f"dated/{april.version}"


def test_the_alias_stays_with_the_newest_data_when_the_past_is_trained_again(tracking: Tracking) -> None:
    from mlflow import MlflowClient

    newer, older = (registered(tracking, "alias", date(2024, month, 1)) for month in (4, 3))
    tracking.promote(newer)
    tracking.promote(older)
    marked = MlflowClient(tracking.uri, tracking.uri).get_model_version_by_alias("alias", CHAMPION)
    assert int(marked.version) == newer.version


def test_a_training_is_found_by_its_key_once_it_is_finished(tracking: Tracking) -> None:
    version = registered(tracking, "keyed", date(2024, 3, 1))
    assert tracking.find_training("keyed", "k1") is None
    tracking.finish_training(version, "k1", {"gate_reason": "It is better."})
    found = tracking.find_training("keyed", "k1")
    assert found is not None
    assert (found.version, found.run_id, found.tags["gate_reason"]) == (
        version.version,
        version.run_id,
        "It is better.",
    )
    assert tracking.find_training("keyed", "k2") is None
    assert tracking.find_training("other", "k1") is None


def test_a_run_keeps_its_params_metrics_and_files_and_fails_when_its_block_does(
    tracking: Tracking, tmp_path: Path
) -> None:
    from mlflow import MlflowClient

    (tmp_path / "table.csv").write_text("a,b\n")
    with tracking.run("good", tags={"why": "test"}, params={"rank": 8}) as run_id:
        tracking.log_metrics({"ndcg_at_10": 0.5})
        tracking.log_folder(tmp_path, "evaluation")
    with pytest.raises(ZeroDivisionError), tracking.run("bad", tags={}, params={}) as failed_id:
        _ = 1 / 0

    client = MlflowClient(tracking.uri, tracking.uri)
    run = client.get_run(run_id)
    assert (run.data.params["rank"], run.data.metrics["ndcg_at_10"], run.data.tags["why"]) == (
        "8",
        0.5,
        "test",
    )
    assert (run.info.status, client.get_run(failed_id).info.status) == ("FINISHED", "FAILED")
    with tracking.artifacts_of(run_id, "evaluation") as folder:
        assert (folder / "table.csv").read_text() == "a,b\n"
    assert not folder.exists()


def test_artifacts_that_are_gone_are_a_fault_with_a_remedy(tracking: Tracking) -> None:
    with (
        pytest.raises(SystemFault, match="Cannot fetch artifacts"),
        tracking.artifacts_of("0" * 32, "nothing"),
    ):
        pass
    never = ModelVersion("never registered", 1, "0" * 32, date(2024, 3, 1), {})
    with pytest.raises(SystemFault, match="Cannot fetch a model"), tracking.model_files(never):
        pass
