"""`tillpost run` killed for good in each of its stages, JVM and all, and run again: the tables are the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines import query
from pipelines.settings import Settings
from tests.conftest import shop_settings
from tests.days import DATA, DAYS

pytestmark = pytest.mark.system

STAGES = ("ingest", "refine", "build", "score", "publish")


def started(settings: Settings) -> subprocess.Popen[str]:
    """`tillpost run` of the golden shop's last day, from a lake that may hold anything, in a session of its own."""
    sets = {
        "spark.driver_memory": "2g",
        "lake.root": settings.lake.root,
        "landing.root": settings.landing.root,
        "exports.root": settings.exports.root,
        "vault.key_file": settings.vault.key_file,
        "tracking.uri": settings.tracking.uri,
        "tracking.artifacts": settings.tracking.artifacts,
    }
    command = [str(Path(sys.executable).with_name("tillpost")), "run", "--as-of", str(DAYS[-1])]
    command += [word for key, value in sets.items() for word in ("--set", f"{key}={value}")]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def finished(settings: Settings) -> str:
    run = started(settings)
    said, _ = run.communicate(timeout=600)
    assert run.returncode == 0, said
    return said


def killed_in(stage: str, settings: Settings) -> None:
    """Kill -9 once the stage has begun and, where it makes several tables, has made its first."""
    run = started(settings)
    assert run.stdout is not None
    lines = iter(run.stdout.readline, "")
    assert any(line.strip() == stage for line in lines), f"{stage} never began"
    if stage != "publish":
        next(lines)
    os.killpg(run.pid, signal.SIGKILL)
    assert run.wait(timeout=60) == -signal.SIGKILL


def held(settings: Settings) -> dict[str, list[str]]:
    """Every row of every table, as text, in an order of their own."""
    rows = {table.name: query.select(settings.lake.root, f"from {table.name}").to_pylist() for table in DATA}
    return {name: sorted(map(str, found)) for name, found in rows.items()}


def exported(settings: Settings) -> list[dict[str, Any]]:
    """The mails of the only release there is."""
    (release,) = Path(settings.exports.root).glob("as_of=*/release=*")
    assert {path.name for path in release.iterdir()} >= {"send_list.jsonl", "send_list.csv", "report.html"}
    lines = (release / "send_list.jsonl").read_text(encoding="utf-8").splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "release_id"} for line in lines]


@pytest.mark.timeout(1800)
def test_killed_in_every_stage_and_run_again(tmp_path: Path) -> None:
    whole, torn = shop_settings(tmp_path / "whole"), shop_settings(tmp_path / "torn")
    finished(whole)
    for stage in STAGES:
        killed_in(stage, torn)
    finished(torn)
    expected, found = held(whole), held(torn)
    for name in expected:
        assert found[name] == expected[name], name
    assert exported(torn) == exported(whole)
    assert "published before" in finished(torn)
