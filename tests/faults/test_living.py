"""`tillpost ingest --continuous` as a process of its own: killed in a cycle, started again, used, and ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines import query
from pipelines.bronze import records as bronze
from pipelines.calc.time import books_open
from pipelines.lakehouse import log
from pipelines.lakehouse.lake import path_of
from pipelines.lakehouse.lease import lease
from pipelines.settings import Settings
from tests.commands import started
from tests.conftest import shop_settings
from tests.days import land

pytestmark = pytest.mark.system


def following(settings: Settings) -> subprocess.Popen[str]:
    return started(settings, "ingest", "--continuous", "--every", "1")


def until(what: Callable[[], bool], *, seconds: float = 240) -> float:
    """Wait for something; gives how long it took."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < seconds
        time.sleep(0.2)
    return time.monotonic() - began


def numbers(settings: Settings) -> list[str]:
    rows = query.select(settings.lake.root, "select receipt_id from silver.receipts").to_pylist()
    return sorted(row["receipt_id"] for row in rows)


@pytest.mark.timeout(900)
def test_killed_in_a_cycle_started_again_and_ended(tmp_path: Path) -> None:
    settings = shop_settings(tmp_path)
    taken = path_of(settings.lake.root, bronze.TABLES["receipts"])

    first = following(settings)
    until(lambda: (head := log.head(taken)) is not None and head.mark is not None)
    os.killpg(first.pid, signal.SIGKILL)
    assert first.wait(timeout=60) == -signal.SIGKILL

    second = following(settings)
    assert second.stdout is not None
    assert any(
        " UTC, " in json.loads(line)["text"]
        for line in iter(second.stdout.readline, "")
        if '"event": "said"' in line
    ), "it never made a cycle"
    before, now = numbers(settings), datetime.now(UTC)
    assert len(before) == len(set(before)) > 0
    record = {
        "receipt_no": "now",
        "store_id": "S1",
        "purchased_at": f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
        "lines": [{"product_id": "milk", "quantity": 1, "net_amount": 1.20}],
    }
    land(settings, "receipts", f"{now:%Y%m%dT%H%M%SZ}", "now.jsonl", json.dumps(record) + "\n")
    assert until(lambda: len(numbers(settings)) == len(before) + 1) < 60

    yesterday = books_open(now, "America/New_York", 6) - timedelta(days=1)  # by conf/local.yaml
    run = started(settings, "ingest", "--as-of", str(yesterday))
    said, _ = run.communicate(timeout=240)
    assert run.returncode == 0, said
    assert "skipped:" in said

    second.send_signal(signal.SIGTERM)
    rest, _ = second.communicate(timeout=120)
    assert second.returncode == 0, rest
    for stage in ("ingest", "refine"):
        with lease(settings.lake.root, stage, "the next"):
            pass
    records = query.select(settings.lake.root, "select file, position from bronze.receipts").to_pylist()
    assert len({(row["file"], row["position"]) for row in records}) == len(records)
