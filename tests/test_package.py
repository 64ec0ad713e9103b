"""What importing the package decides for a process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(("given", "found"), [({}, "passive"), ({"OMP_WAIT_POLICY": "active"}, "active")])
def test_threads_that_wait_sleep_unless_somebody_wants_otherwise(given: dict[str, str], found: str) -> None:
    inherited = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    said = subprocess.run(
        [sys.executable, "-c", "import os, pipelines; print(os.environ['OMP_WAIT_POLICY'])"],
        env={**inherited, **given},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == found
