"""What the driver holds does not grow with the data: at an eighth of the heap, on so many rows and on four times those.

Work that brings something to the driver is bounded by settings, by the number of goods, or by a partition; ALS by
people, of whom there are few here to each row (docs/cluster.md has the list). The control is what none of it may do.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.driving import ROWS, TIMES, WORK
from tests.cluster.standalone import standalone

pytestmark = [pytest.mark.system, pytest.mark.timeout(1500)]

BOUND_MB = 48
"""What the three quarters of the rows that are new may add; as text they are some 60 MB, as rows of Python 300."""


def test_four_times_the_rows_ask_the_driver_for_no_more(tmp_path: Path) -> None:
    with standalone(tmp_path) as cluster:
        command = [sys.executable, "-m", "tests.cluster.driving", cluster.url]
        run = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False)
        assert run.returncode == 0, run.stdout + run.stderr[-3000:] + cluster.logs()
    told = [json.loads(line) for line in run.stdout.splitlines()]
    grown = {}
    for name in WORK:
        few, many = (one for one in told if one["work"] == name)
        assert (few["rows"], many["rows"]) == (ROWS, TIMES * ROWS)
        grown[name] = {kind: many[kind] - few[kind] for kind in ("jvm_mb", "python_mb")}
    print(f"\nMB more of {(TIMES - 1) * ROWS:,} rows more: {grown}")
    control = grown.pop("control")
    assert min(control.values()) > BOUND_MB, "the control would be seen"
    for name, more in grown.items():
        assert max(more.values()) < BOUND_MB, (name, more)
