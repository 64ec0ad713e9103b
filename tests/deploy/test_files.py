"""The files of deploy/ fit the package: what they copy is made, what they set is a setting, what they run is a job."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.errors import DataError, LeaseHeld, SettingsError, SystemFault, UsageError
from pipelines.lakehouse.vault import VARIABLE
from pipelines.settings import load

DAY = Path("deploy/day.yaml")
DOCKERFILE = Path("deploy/Dockerfile").read_text(encoding="utf-8")
MAKEFILE = Path("Makefile").read_text(encoding="utf-8")


def objects() -> dict[str, Any]:
    return {found["kind"]: found for found in yaml.safe_load_all(DAY.read_text(encoding="utf-8"))}


def driver() -> dict[str, Any]:
    job = objects()["CronJob"]["spec"]["jobTemplate"]["spec"]
    (container,) = job["template"]["spec"]["containers"]
    return {**container, "failure": job["podFailurePolicy"]["rules"][0]}


def test_the_settings_of_the_cron_job_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in objects()["ConfigMap"]["data"].items():
        monkeypatch.setenv(name, value)
    settings = load(Path("conf/cluster.yaml"))
    assert settings.lake.root == "s3a://bucket/lake"
    assert settings.business.time_zone == objects()["CronJob"]["spec"]["timeZone"]
    assert settings.spark.master is None
    assert not settings.vault.allow_generated_key


def test_what_no_retry_mends_fails_the_job_at_once() -> None:
    codes = set(driver()["failure"]["onExitCodes"]["values"])
    assert driver()["failure"]["action"] == "FailJob"
    assert codes == {UsageError.exit_code, SettingsError.exit_code, DataError.exit_code}
    assert not codes & {SystemFault.exit_code, LeaseHeld.exit_code}


def test_the_key_comes_from_a_secret_for_driver_and_executors() -> None:
    (key,) = [entry for entry in driver()["env"] if entry["name"] == VARIABLE]
    secret = key["valueFrom"]["secretKeyRef"]
    (line,) = driver()["args"]
    assert f"spark.kubernetes.executor.secretKeyRef.{VARIABLE}={secret['name']}:{secret['key']}" in line


def test_the_shell_takes_the_command_and_gives_the_day() -> None:
    (line,) = driver()["args"]
    said = subprocess.run(
        ["bash", "-euc", line.replace("exec /opt/spark/bin/spark-submit", "printf '%s\\n'", 1)],
        env={"PATH": "/usr/bin:/bin", "POD_IP": "10.0.0.7", "POD_NAME": "driver-1", "AS_OF": "2024-03-01"},
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert "spark.driver.host=10.0.0.7" in said
    assert said[said.index("--as-of") + 1] == "2024-03-01"
    job = next(word for word in said if word.endswith(".py"))
    assert Path(job.removeprefix("/opt/tillpost/")).is_file()


def test_the_image_copies_what_make_dist_makes() -> None:
    copied = re.findall(r"^COPY (?!--from)(\S+) \S+$", DOCKERFILE, re.MULTILINE)
    assert set(copied) == {"dist/jars/", "dist/jobs/", "dist/conf/", "dist/*.whl", "cluster.lock"}
    (recipe,) = re.findall(r"^dist/\.packed:.*?(?=^airflow:)", MAKEFILE, re.MULTILINE | re.DOTALL)
    assert all(word in recipe for word in ("dist/jars", "cp -r jobs conf dist/", "--wheel", "--out-dir dist"))


def pins(lock: str) -> dict[str, str]:
    return dict(
        re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", Path(lock).read_text(encoding="utf-8"), re.MULTILINE)
    )


def test_a_cluster_gets_the_versions_of_the_lock() -> None:
    ours, cluster = pins("requirements.lock"), pins("cluster.lock")
    assert {name: version for name, version in cluster.items() if ours.get(name) != version} == {}
    assert {"pyspark", "pysail"} & cluster.keys() == set(), (
        "the cluster brings its own Spark, and needs no Sail"
    )
    assert {"delta-spark", "pyarrow", "mlflow", "deltalake"} <= cluster.keys()
