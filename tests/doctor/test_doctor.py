"""The doctor finds every fault in one go, says what to do, and makes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.doctor import examine, places
from pipelines.settings import Settings, load

Java = Callable[..., None]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    places = ("lake.root", "landing.root", "exports.root", "vault.key_file", "tracking.artifacts")
    sets = [f"{key}={tmp_path / 'data' / key}" for key in places]
    return load(sets=[*sets, f"tracking.uri=sqlite:///{tmp_path}/mlflow.db", "spark.driver_memory=512m"])


def test_looking_makes_nothing(settings: Settings, tmp_path: Path) -> None:
    assert all(found.ok for found in examine(settings) if found.check in ("lake", "landing", "exports"))
    assert list(tmp_path.iterdir()) == []


def test_every_fault_is_found_in_one_go_and_has_a_remedy(
    settings: Settings, fake_java: Java, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_java("11.0.1")
    monkeypatch.setattr(places, "MIN_FREE", 1 << 60)
    findings = examine(settings)
    faults = [found.check for found in findings if not found.ok]
    assert [name for name in faults if name != "jars"] == ["java", "disk"]
    assert all(found.remedy for found in findings if not found.ok)
    assert all(not found.remedy for found in findings if found.ok)
