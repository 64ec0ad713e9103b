"""`tillpost plan` as a person meets it, and the page that shows what it prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.cli import app, guarded
from pipelines.docs.plan_page import GIANT, MID_SIZE, command_of
from pipelines.plan.sizing import Load


def tillpost(*words: str) -> int:
    return guarded(lambda: app(args=list(words), standalone_mode=False))


@pytest.mark.parametrize("load", [MID_SIZE, GIANT], ids=["mid-size", "giant"])
def test_the_page_shows_what_the_command_prints(load: Load, capsys: pytest.CaptureFixture[str]) -> None:
    assert tillpost(*command_of(load)) == 0
    said = capsys.readouterr().out.strip()
    shown = f"$ tillpost {' '.join(command_of(load))}\n{said}\n```"
    assert shown in Path("docs/plan.md").read_text(encoding="utf-8")


GOOD = {"--receipts-per-day": "1000", "--history": "365", "--events-per-day": "20000"}


def test_people_are_told_from_the_receipts_and_money_only_with_a_price(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert tillpost("plan", *(word for pair in GOOD.items() for word in pair)) == 0
    said = capsys.readouterr().out
    assert "29,918 people" in said
    assert "cost of a day" not in said


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--receipts-per-day", "0", "at least 1"),
        ("--history", "-3", "at least 1"),
        ("--events-per-day", "-1", "at least 0"),
        ("--people", "0", "at least 1"),
        ("--hours", "0", "at most 24"),
        ("--hours", "30", "at most 24"),
        ("--price-per-core-hour", "-0.1", "0 or more"),
    ],
)
def test_a_wrong_number_says_what_to_give(
    option: str, value: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tillpost("plan", *(word for pair in {**GOOD, option: value}.items() for word in pair)) == 2
    said = capsys.readouterr().err
    assert option in said
    assert says in said
