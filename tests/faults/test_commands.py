"""Whole commands in processes of their own: killed for good in each stage, given a wrong place, or nothing to do."""

from __future__ import annotations

import json
import os
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines import query
from pipelines.errors import LeaseHeld
from pipelines.lakehouse.lease import lease
from pipelines.settings import Settings
from tests.commands import started
from tests.conftest import FEEDS, copy_of, shop_settings
from tests.days import DATA, DAYS

pytestmark = pytest.mark.system

STAGES = ("ingest", "refine", "build", "score", "publish")
LAST = ("run", "--as-of", str(DAYS[-1]))
AFTER = DAYS[-1] + timedelta(1)


def ended(settings: Settings, *command: str, code: int = 0) -> str:
    """What a command said that ran to its end, and ended as expected."""
    run = started(settings, *command)
    said, _ = run.communicate(timeout=900)
    assert run.returncode == code, said
    return said


TILLS_AND_MAILS = FEEDS - {"web_events"}
"""The golden shop without its site: each of these processes starts cold, and every table costs it seconds."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The golden shop after one undisturbed run."""
    settings = shop_settings(tmp_path_factory.mktemp("whole"), feeds=TILLS_AND_MAILS)
    ended(settings, *LAST)
    return settings


def killed_in(stage: str, settings: Settings) -> None:
    """Kill -9 once the stage has begun and, where it makes several tables, has made its first."""
    run = started(settings, *LAST)
    assert run.stdout is not None
    lines = iter(run.stdout.readline, "")
    assert any("stage_began" in line and f'"{stage}"' in line for line in lines), f"{stage} never began"
    if stage != "publish":
        next(lines)
    os.killpg(run.pid, signal.SIGKILL)
    assert run.wait(timeout=60) == -signal.SIGKILL


def held(settings: Settings) -> dict[str, list[str]]:
    """Every row of every table, as text, in an order of their own."""
    rows = {table.name: query.select(settings.lake.root, f"from {table.name}").to_pylist() for table in DATA}
    return {name: sorted(map(str, found)) for name, found in rows.items()}


def exported(settings: Settings) -> list[dict[str, Any]]:
    """The mails of the one release of the last day."""
    (release,) = Path(settings.exports.root).glob(f"as_of={DAYS[-1]}/release=*")
    assert {path.name for path in release.iterdir()} >= {"send_list.jsonl", "send_list.csv", "report.html"}
    lines = (release / "send_list.jsonl").read_text(encoding="utf-8").splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "release_id"} for line in lines]


@pytest.mark.timeout(1800)
def test_killed_in_every_stage_and_run_again(whole: Settings, tmp_path: Path) -> None:
    torn = shop_settings(tmp_path, feeds=TILLS_AND_MAILS)
    for stage in STAGES:
        killed_in(stage, torn)
    ended(torn, *LAST)
    expected, found = held(whole), held(torn)
    for name in expected:
        assert found[name] == expected[name], name
    assert exported(torn) == exported(whole)
    assert "published before" in ended(torn, *LAST)


@pytest.mark.timeout(1800)
def test_two_at_once_make_one_list_and_who_came_second_is_told(whole: Settings, tmp_path: Path) -> None:
    """Both decide and publish anew, since the holdouts are drawn anew; a run that is at work is never waited for."""
    settings = copy_of(whole, tmp_path)
    anew = ("--as-of", str(DAYS[-1]), "--set", "decisions.salt=another")
    for stage in ("score", "publish"):
        both = [started(settings, stage, *anew) for _ in range(2)]
        said = {each.communicate(timeout=900)[0]: each.returncode for each in both}
        assert 0 in said.values(), said
        for text, code in said.items():
            assert code == 0 or (
                code == LeaseHeld.exit_code and f"{stage!r} is being written by run" in text
            ), text
    decided = query.select(
        settings.lake.root, "select candidate_id, send_key, outcome, decided_on from gold.send_decisions"
    ).to_pylist()
    assert (
        len({row["candidate_id"] for row in decided})
        == len(decided)
        == len({row["send_key"] for row in decided})
    )
    sent = [row["send_key"] for row in decided if (row["outcome"], row["decided_on"]) == ("sent", DAYS[-1])]
    assert [mail["send_key"] for mail in exported(settings)] == sent, "one release, with one list"
    with lease(settings.lake.root, "score", "another one"):
        said_to_it = ended(settings, "score", *anew, code=LeaseHeld.exit_code)
    assert "The stage 'score' is being written by run another one" in " ".join(said_to_it.split())


def test_a_day_on_which_nothing_came_is_a_day_without_mails(whole: Settings) -> None:
    said = ended(whole, "run", "--as-of", str(AFTER))
    assert "gold.send_list" in said
    lines = Path(whole.exports.root).glob(f"as_of={AFTER}/release=*/send_list.jsonl")
    assert [file.read_text(encoding="utf-8") for file in lines] == [""]


def test_days_caught_up_in_one_process_end_where_the_last_day_alone_does(
    whole: Settings, tmp_path: Path
) -> None:
    late = shop_settings(tmp_path, feeds=TILLS_AND_MAILS)
    ended(late, "run", "--as-of", str(DAYS[0]), "--until", str(DAYS[-1]))
    assert exported(late) == exported(whole)
    days = {path.name for path in Path(late.exports.root).glob("as_of=*")}
    assert days == {f"as_of={day}" for day in DAYS}


def test_a_lake_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    said = ended(shop_settings(tmp_path), "build", *LAST[1:], code=5)
    assert "There is no lake at" in said
    assert "tillpost ingest" in said
    assert "Traceback" not in said


def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    said = ended(shop_settings(tmp_path, "lake.root=/proc/lake"), "ingest", *LAST[1:], code=5)
    assert "/proc/lake" in said
    assert "What to do" in said
    assert "Traceback" not in said
