"""Settings: later sources win, and what is unknown is refused with the nearest known key."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.errors import SettingsError
from pipelines.settings import BESIDE, load


def test_later_sources_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("base.yaml", *BESIDE, "identity.yaml"):
        shutil.copy(Path("conf") / name, tmp_path)
    for folder in ("segments", "triggers"):
        shutil.copytree(f"conf/{folder}", tmp_path / folder)
    own = tmp_path / "own.yaml"
    own.write_text("als: {rank: 5, iterations: 3}\n", encoding="utf-8")
    assert load(own).als.rank == 5
    monkeypatch.setenv("TILLPOST__ALS__RANK", "6")
    assert load(own).als.rank == 6
    settings = load(own, ["als.rank=7", "als.alpha=2"])
    assert (settings.als.rank, settings.als.iterations, settings.als.alpha) == (7, 3, 2.0)
    assert settings.value("als.rank") == 7


@pytest.mark.parametrize("conf", ["local", "cluster"])
def test_every_environment_is_whole(conf: str) -> None:
    assert load(Path(f"conf/{conf}.yaml")).lake.root


@pytest.mark.parametrize(
    ("pair", "says"),
    [
        ("lake.rot=x", "did you mean lake.root"),
        ("als.rank=many", "als.rank: Input should be a valid integer"),
        ("business.time_zone=Mars/Base", "business.time_zone"),
        ("als.rank", "not of the form key=value"),
        ("lake=x", "lake"),
        ("channels.rules=[]", "there is no rule"),
        ("channels.rules=[{channel: Email}]", "the rule of Email asks for nothing"),
        ("channels.rules=[{channel: Email, medium: '('}]", "'\\(' is not a regular expression"),
        ("channels.rules=[{channel: Email, site: serch}]", "unknown site 'serch'; did you mean search"),
        (
            "channels.rules=[{channel: A, medium: a}, {channel: B, medium: a}]",
            "rule 2 .B. asks for what rule 1",
        ),
        ("channels.rules=[{channel: A, media: a}]", "channels.rules.0.media: unknown setting"),
        ("identity.rules.types=[]", "types: Tuple should have at least 1 item"),
        ("identity.rules.caps=[{of: cookie, to: passport, most: 1}]", "passport is not one of the types"),
        ("identity.rules.cap=[]", "cap: unknown key"),
    ],
)
def test_a_wrong_setting_is_refused(pair: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load(sets=[pair])


@pytest.mark.parametrize(
    ("pair", "says"),
    [
        (
            "messages.audiences=[lifecycle/activ]",
            "there is no segment lifecycle/activ; did you mean lifecycle/active",
        ),
        ("triggers.live=[receipt_mial]", "there is no trigger receipt_mial; did you mean receipt_mail"),
        ("triggers.live=[frost]", "frost is raised by a weather, and only a receipt is answered live"),
    ],
)
def test_what_is_wrong_of_several_settings_is_said_without_all_of_them(pair: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as refused:
        load(sets=[pair])
    assert len(str(refused.value)) < 400


def test_an_unknown_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILLPOST__ALZ__RANK", "6")
    with pytest.raises(SettingsError, match="did you mean TILLPOST__ALS"):
        load()


def test_a_missing_file_and_a_torn_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        load(tmp_path / "nowhere.yaml")
    (tmp_path / "base.yaml").write_text("lake: {root: [", encoding="utf-8")
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path / "base.yaml")
