"""Against a real sqlite store."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pipelines.errors import UsageError
from pipelines.lakehouse.tracking import CHAMPION, Tracking
from pipelines.lakehouse.tracking_versions import rollback, versions
from tests.lakehouse.test_tracking import registered

LATER = date(2024, 12, 31)


def test_back_to_the_champion_before_and_no_further(tmp_path: Path) -> None:
    tracking = Tracking(f"sqlite:///{tmp_path / 'mlflow.db'}", str(tmp_path / "artifacts"), "trials")
    assert versions(tracking) == []
    with pytest.raises(UsageError, match="no champion of a model 'als'"):
        rollback(tracking, "als")
    for month in (1, 2, 3):
        tracking.promote(registered(tracking, "als", date(2024, month, 1)))
    registered(tracking, "als", date(2024, 4, 1))
    assert [(h.version.label, h.state) for h in versions(tracking)] == [
        ("als/4", "refused"),
        ("als/3", "champion"),
        ("als/2", "promoted"),
        ("als/1", "promoted"),
    ]

    assert rollback(tracking, "als").label == "als/2"
    champion = tracking.champion("als", LATER)
    assert champion is not None
    assert champion.label == "als/2"
    assert int(tracking.client.get_model_version_by_alias("als", CHAMPION).version) == 2
    assert [h.state for h in versions(tracking)] == ["refused", "rolled back", "champion", "promoted"]

    rollback(tracking, "als")
    with pytest.raises(UsageError, match="before the present one"):
        rollback(tracking, "als")
    tracking.promote(registered(tracking, "als", date(2024, 5, 1)))
    assert int(tracking.client.get_model_version_by_alias("als", CHAMPION).version) == 5
