"""A job under spark-submit that cannot work: no master, or workers without their environment. One line says why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.lakehouse import jars
from tests.cluster.standalone import HOME, free_port
from tests.conftest import as_words, shop_settings

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]


def submitted(place: Path, key: str, master: str, python: str) -> subprocess.Popen[str]:
    settings = shop_settings(place, key, feeds={"receipts", "stores"})
    words = as_words(settings, **{"spark.shuffle_partitions": "2", "landing.retention_days": "null"})
    command = [
        str(HOME / "bin" / "spark-submit"),
        *("--master", master, "--driver-memory", "1g", "--conf", "spark.ui.enabled=false"),
        *("--conf", "spark.driver.host=127.0.0.1", "--conf", "spark.driver.bindAddress=127.0.0.1"),
        *("--jars", ",".join(map(str, jars.local_jars()))),
        *("jobs/ingest.py", "--as-of", "2024-03-01", "--conf", "conf/cluster.yaml", *words),
    ]
    pythons = {"PYSPARK_DRIVER_PYTHON": sys.executable, "PYSPARK_PYTHON": python, "SPARK_HOME": str(HOME)}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **pythons}
    )


def closing(run: subprocess.Popen[str]) -> dict[str, Any]:
    said, _ = run.communicate(timeout=400)
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    assert run.returncode == found["exit_code"], said[-3000:]
    return found


def test_each_fault_is_one_line_with_what_to_do(key: str, tmp_path: Path) -> None:
    """Both at once: Spark knocks for a minute at a master that is not there."""
    silent = submitted(tmp_path / "silent", key, f"spark://127.0.0.1:{free_port()}", sys.executable)
    bare = closing(submitted(tmp_path / "bare", key, "local[1]", "./environment/bin/python"))
    assert bare["outcome"] == "system"
    assert bare["error"]["message"] == "Spark's workers have no Python at ./environment/bin/python"
    assert "--archives" in bare["error"]["remedy"]
    unanswered = closing(silent)
    assert unanswered["outcome"] == "system"
    assert unanswered["error"]["message"].startswith("No master took the job")
    assert "--master" in unanswered["error"]["remedy"]
