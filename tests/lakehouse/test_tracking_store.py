from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.errors import SystemFault
from pipelines.lakehouse.tracking_store import is_absent, open_store


def test_mlflow_is_not_imported_before_a_store_is_opened() -> None:
    code = "import sys, pipelines.lakehouse.tracking, pipelines.gold.recommendations; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.system
def test_processes_may_open_one_fresh_store_at_once_and_say_nothing(tmp_path: Path) -> None:
    fields = (f"sqlite:///{tmp_path / 'mlflow.db'}", str(tmp_path / "artifacts"), "trials")
    code = f"from pipelines.lakehouse.tracking_store import open_store; open_store{fields!r}"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(4)
    ]
    assert [(process.communicate()[0], process.returncode) for process in started] == [("", 0)] * 4


def test_only_a_sqlite_file_can_be_known_to_be_absent(tmp_path: Path) -> None:
    assert is_absent(f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert not is_absent(f"sqlite:///{tmp_path}")
    assert not is_absent("https://mlflow.example.org")


def test_a_fault_names_the_place_and_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemFault, match=r"Cannot open sqlite:.*\n.*tracking\.uri"):
        open_store(f"sqlite:///{tmp_path / 'file' / 'mlflow.db'}", str(tmp_path), "trials")
