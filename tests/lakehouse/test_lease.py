"""One writer at a time: the second fails fast and names the first; a killed one holds nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.errors import LeaseHeld, SystemFault
from pipelines.lakehouse import lease as leases
from pipelines.lakehouse.lease import lease


def test_a_second_run_is_told_who_has_it(tmp_path: Path) -> None:
    with (
        lease(str(tmp_path), "build", "run-1"),
        pytest.raises(LeaseHeld, match=r"run run-1 \(process \d+"),
        lease(str(tmp_path), "build", "run-2"),
    ):
        pass
    with lease(str(tmp_path), "build", "run-3"):
        pass


def test_stages_do_not_wait_for_each_other(tmp_path: Path) -> None:
    with lease(str(tmp_path), "build", "run-1"), lease(str(tmp_path), "score", "run-1"):
        pass


def test_a_killed_run_holds_nothing(tmp_path: Path) -> None:
    program = (
        "import os, sys\nfrom pipelines.lakehouse.lease import lease\n"
        f"with lease({str(tmp_path)!r}, 'build', 'killed'):\n    os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    with lease(str(tmp_path), "build", "next"):
        pass


def test_a_lake_that_cannot_be_written_is_a_clear_fault(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemFault, match="cannot be written"), lease(str(tmp_path / "file"), "build", "run"):
        pass


def test_in_a_store_a_lease_outlives_its_expiry_while_its_holder_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says how far its holder has come all the while; once that is gone, so is the lease."""
    monkeypatch.setattr(leases, "EXPIRES_AFTER_SECONDS", 0.6)
    monkeypatch.setattr(leases.storage, "is_local", lambda root: False)
    file, through = tmp_path / "_leases" / "build.json", datetime(2024, 3, 1, tzinfo=UTC)
    with lease(str(tmp_path), "build", "run-1", continuous=True) as come_to:
        come_to(through)
        until = json.loads(file.read_text())["expires"]
        while time.time() < until:
            time.sleep(0.1)
        with pytest.raises(LeaseHeld, match="run-1") as held, lease(str(tmp_path), "build", "run-2"):
            pass
        assert held.value.through == through
    assert not file.exists()
    file.write_text(json.dumps({"run": "killed", "expires": time.time() - 1}))
    with lease(str(tmp_path), "build", "run-3"):
        pass
