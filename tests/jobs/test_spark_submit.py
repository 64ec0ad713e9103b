"""A job under a real spark-submit, as a cluster would start it, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.bronze import records as bronze
from pipelines.lakehouse import jars, log
from pipelines.lakehouse.lake import path_of
from pipelines.settings import Settings
from tests.conftest import as_words

pytestmark = [pytest.mark.spark, pytest.mark.jvm]


def submit(job: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [
        str(Path(sys.executable).with_name("spark-submit")),
        *("--master", "local[1]", "--driver-memory", "1g"),
        *("--jars", ",".join(map(str, jars.local_jars()))),
        f"jobs/{job}.py",
        *options,
    ]
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=400)


def test_a_job_lands_bronze_and_says_so(shop: Settings) -> None:
    options = as_words(shop, **{"spark.master": "local[1]", "landing.retention_days": "1"})
    done = submit("ingest", "--as-of", "2024-03-01", "--conf", "conf/local.yaml", *options)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "bronze.receipts" in done.stdout
    head = log.head(path_of(shop.lake.root, bronze.TABLES["receipts"]))
    assert head is not None
    assert head.mark is not None
    assert head.mark.batch == 1
    left = {path.name for path in Path(shop.landing.root).rglob("*.jsonl")}
    assert (
        "forms.jsonl" not in left
    )  # customers may hold contacts, and arrived more than a day before the close
    assert {"day1.jsonl", "day2.jsonl", "catalogue.jsonl"} <= left


def test_a_wrong_setting_ends_with_its_exit_code() -> None:
    done = submit("run", "--as-of", "2024-03-01", "--set", "lake.rot=x")
    assert done.returncode == 3
    assert "did you mean lake.root" in done.stdout  # spark-submit joins what a job says
