"""A trigger's file: what is read, and every way in which it is refused before anything runs."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.calc.triggers.kinds import OnSegment
from pipelines.errors import SettingsError
from pipelines.gold.trigger_candidates import conditions
from pipelines.gold.trigger_kinds import has_its_day, period
from pipelines.settings import Settings, load

GOOD: dict[str, Any] = {
    "name": "one",
    "says": "One",
    "when": {"kind": "receipt", "side": "shop"},
    "blocks": ["personal"],
    "priority": 1,
    "expires_hours": 48,
    "holdout": 0.1,
    "channels": ["email"],
    "cap": {"messages": 1, "days": 1},
}


def read(place: Path, *triggers: dict[str, Any]) -> Settings:
    """The settings with these triggers alone."""
    shutil.copytree("conf", place / "conf", ignore=shutil.ignore_patterns("triggers"))
    (place / "conf" / "triggers").mkdir()
    (place / "conf" / "triggers" / "some.yaml").write_text(yaml.safe_dump(list(triggers)), encoding="utf-8")
    return load(place / "conf" / "local.yaml")


def test_the_built_in_triggers_ask_for_what_is_there() -> None:
    defined = load().triggers.defined
    assert {each.when.kind for each in defined} == {
        *("receipt", "visit", "segment", "date", "change", "forecast", "near_store", "weather", "after")
    }
    assert {condition.segment for condition in conditions(defined)} >= {"join_invitation", "frost"}


def test_a_good_trigger_is_read(tmp_path: Path) -> None:
    (one,) = read(tmp_path, GOOD).triggers.defined
    assert (one.name, one.window_days, one.least_blocks, one.cap.messages) == ("one", 1, 1, 1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"blocks": ["personel"]}, "there is no block personel; did you mean personal?"),
        ({"prioritty": 3}, "there is no field prioritty; did you mean priority?"),
        ({"when": {"kind": "receipt", "sides": "shop"}}, "there is no field sides; did you mean side?"),
        ({"when": {"kind": "segment", "segment": "lifecycle/atrisk"}}, "did you mean lifecycle/at_risk?"),
        ({"when": {"kind": "forecast", "model": "chain"}}, "there is no model chain; did you mean chains?"),
        ({"when": {"kind": "after", "trigger": "ones", "days": 2}}, "which is no trigger; did you mean one?"),
        ({"when": {"kind": "rain"}}, "kind"),
        ({"cap": {"messages": 0, "days": 1}}, "cap.messages: Input should be greater than 0"),
        ({"cap": {"messages": 1, "days": 0}}, "cap.days: Input should be greater than 0"),
        ({"blocks": []}, "it is empty"),
        ({"channels": ["email", "email"]}, "email stands there twice"),
        ({"channels": ["letter"]}, "'email', 'sms' or 'push'"),
        ({"least_blocks": 2}, "least_blocks asks for 2 of 1 blocks"),
        ({"delay_hours": 48}, "delay_hours must be below expires_hours"),
        ({"goods": ["g1"]}, "which the recipe lacks"),
        ({"holdout": 1}, "less than 1"),
        ({"where": "1 = "}, "character"),
    ],
)
def test_a_bad_trigger_is_refused_with_its_place_and_a_hint(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, {**GOOD, **change})
    assert said in str(refused.value)
    assert "triggers" in str(refused.value) or "one" in str(refused.value)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"name": "two"}, "one and two both have priority 1: one must give way"),
        ({"priority": 2}, "twice there is one"),
    ],
)
def test_two_triggers_share_neither_priority_nor_name(
    tmp_path: Path, other: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, GOOD, {**GOOD, **other})
    assert said in str(refused.value)


def test_a_condition_on_a_column_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        conditions(read(tmp_path, {**GOOD, "where": "recency_day > 3"}).triggers.defined)
    assert "one: there is no column recency_day; did you mean recency_days?" in str(refused.value)


def test_members_are_written_to_on_their_days_and_once_a_span() -> None:
    monday, fifteenth = date(2024, 3, 4), date(2024, 3, 15)
    weekly = OnSegment(kind="segment", segment="s", moment="member", weekdays=(1,))
    monthly = OnSegment(kind="segment", segment="s", moment="member", days_of_month=(15,))
    assert [has_its_day(weekly, day) for day in (monday, fifteenth)] == [True, False]
    assert [has_its_day(monthly, day) for day in (monday, fifteenth)] == [False, True]
    spans = {period(7, date(2024, 3, day)) for day in range(1, 15)}
    assert spans == {date(2024, 2, 29), date(2024, 3, 7), date(2024, 3, 14)}
