"""Rules that cannot be are refused before anything is computed, with the key that is wrong."""

from __future__ import annotations

import doctest
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipelines.errors import SettingsError
from pipelines.identity import Identifier, forest, ids, labels, load, parse

TYPES = [{"name": "card", "unique": True}, {"name": "phone"}]
SINCE = datetime(2024, 1, 1, tzinfo=UTC)


def pair(left: str, right: str) -> dict[str, Any]:
    ends = [dict(zip(("type", "value"), end.split(":"), strict=True)) for end in (left, right)]
    return {"left": ends[0], "right": ends[1], "since": SINCE}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "types: missing"),
        (None, "rules: "),
        ({"types": []}, "types: "),
        ({"types": [{"unique": True}]}, "types.0.name: missing"),
        ({"types": [*TYPES, {"name": "card"}]}, "card is listed twice"),
        ({"types": TYPES, "cap": []}, "cap: unknown key"),
        (
            {"types": TYPES, "caps": [{"of": "cookie", "to": "card", "most": 3}]},
            "caps: cookie is not one of the types",
        ),
        ({"types": TYPES, "caps": [{"of": "phone", "to": "card"}]}, "caps.0.most: missing"),
        ({"types": TYPES, "caps": [{"of": "phone", "to": "card", "most": 0}]}, "caps.0.most: "),
        (
            {"types": TYPES, "caps": [{"of": "phone", "to": "card", "most": n} for n in (1, 2)]},
            "is capped twice",
        ),
        ({"types": TYPES, "blocked": {"patterns": ["("]}}, "is not a regular expression"),
        ({"types": TYPES, "sources": {"till": {"weight": -1}}}, "sources.till.weight: "),
        ({"types": TYPES, "include": [pair("card:1", "login:1")]}, "include: login is not one of the types"),
        ({"types": TYPES, "exclude": [pair("card:1", "card:1")]}, "exclude[0]: both are the same"),
        ({"types": TYPES, "include": [{"left": {"type": "card", "value": "1"}}]}, "include.0.right: missing"),
        (
            {"types": TYPES, "include": [pair("card:1", "phone:1")], "exclude": [pair("phone:1", "card:1")]},
            "exclude[0]: include makes the two one",
        ),
        (
            {
                "types": TYPES,
                "include": [pair("card:1", "phone:1"), pair("phone:1", "phone:2"), pair("phone:2", "card:3")],
                "exclude": [pair("card:9", "phone:1"), pair("card:3", "card:1")],
            },
            "exclude[1]: include makes the two one",
        ),
    ],
)
def test_what_cannot_be_is_refused(values: object, said: str) -> None:
    with pytest.raises(SettingsError, match="identity rules are refused") as refused:
        parse(values)
    assert said in refused.value.message


def test_no_value_of_a_list_is_told() -> None:
    """Lists name identifiers of persons; a message may be logged."""
    both = {"include": [pair("phone:+4912345", "card:77")], "exclude": [pair("card:77", "phone:+4912345")]}
    with pytest.raises(SettingsError) as refused:
        parse({"types": TYPES, **both})
    assert "12345" not in str(refused.value)
    assert "77" not in str(refused.value)


def test_a_decision_is_one_more_rule() -> None:
    rules = parse({"types": TYPES})
    left, right = Identifier(type="card", value="1"), Identifier(type="phone", value="1")
    apart = rules.excluding(left, right, since=SINCE, why="two sisters")
    assert [one.nodes for one in apart.exclude] == [("card:1", "phone:1")]
    assert not rules.exclude
    with pytest.raises(SettingsError, match="the include list"):
        apart.including(right, left, since=SINCE)


def test_our_own_rules_can_be(tmp_path: Path) -> None:
    ours = load(Path("conf/identity.yaml"))
    assert [one.name for one in ours.types if one.unique] == ["loyalty_card", "login"]
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path / "none.yaml")
    (tmp_path / "torn.yaml").write_text("types: [", encoding="utf-8")
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path / "torn.yaml")


@pytest.mark.parametrize("module", [forest, ids, labels], ids=lambda module: module.__name__)
def test_the_examples_in_docstrings_hold(module: ModuleType) -> None:
    outcome = doctest.testmod(module)
    assert outcome.attempted
    assert not outcome.failed
