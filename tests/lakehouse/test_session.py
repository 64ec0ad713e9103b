"""A session means the same everywhere, keeps to itself, and ends when it is told to."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
import pyspark
import pytest
from pyspark.sql import SparkSession

from pipelines.lakehouse import jars
from pipelines.lakehouse.session import configuration
from pipelines.settings import SparkSettings

NONE: Mapping[str, str] = MappingProxyType({})
OPENED = """
from pipelines.errors import SystemFault
try:
    spark_session(settings, app_name="x")
except SystemFault as fault:
    print(fault)
"""


def some(*, master: str | None = "local[2]", conf: Mapping[str, str] = NONE) -> SparkSettings:
    return SparkSettings(
        engine="spark", master=master, driver_memory="1g", shuffle_partitions=3, conf=dict(conf)
    )


def in_a_process_of_its_own(folder: Path, code: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run code that starts a session, in an empty folder; what it prints is what a terminal would show."""
    setting = f"""
from pipelines.lakehouse.session import spark_session, stop
from pipelines.settings import SparkSettings
settings = SparkSettings(engine='spark', master="local[1]", driver_memory="1g", shuffle_partitions=1, conf={{}})
{code}"""
    return subprocess.run(
        [sys.executable, "-c", setting],
        cwd=folder,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


# ---------------------------------------------------------------- the settings of a session; no JVM


@pytest.mark.parametrize("master", ["local[2]", None, "spark://head:7077"])
def test_what_gives_data_their_meaning_is_the_same_for_every_master(master: str | None) -> None:
    conf = configuration(some(master=master))
    assert conf["spark.sql.session.timeZone"] == "UTC"
    assert conf["spark.sql.ansi.enabled"] == "true"
    assert conf["spark.databricks.delta.retentionDurationCheck.enabled"] == "true"
    assert conf["spark.sql.extensions"] == "io.delta.sql.DeltaSparkSessionExtension"
    assert conf["spark.sql.shuffle.partitions"] == "3"


def test_a_cluster_decides_master_memory_and_jars_itself() -> None:
    conf = configuration(some(master=None))
    assert not {"spark.master", "spark.driver.memory", "spark.jars", "spark.jars.packages"} & conf.keys()
    assert not any(key.startswith("spark.driver.") for key in conf)


def test_only_a_local_master_is_tied_to_this_machine() -> None:
    assert "spark.driver.host" in configuration(some())
    assert "spark.driver.host" not in configuration(some(master="spark://head:7077"))


def test_a_jvm_that_spark_submit_started_takes_neither_jars_nor_memory() -> None:
    conf = configuration(some(), launches_jvm=False)
    assert not {"spark.driver.memory", "spark.jars", "spark.jars.packages"} & conf.keys()


def test_the_settings_own_conf_wins() -> None:
    own = {"spark.sql.session.timeZone": "Asia/Tokyo", "spark.jars": "/opt/delta.jar"}
    conf = configuration(some(conf=own))
    assert own.items() <= conf.items()
    assert "spark.jars.packages" not in conf


def test_the_fetched_jars_are_named_as_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "local_jars", lambda: (Path("/j/a.jar"), Path("/j/b.jar")))
    conf = configuration(some())
    assert conf["spark.jars"] == "/j/a.jar,/j/b.jar"
    assert "spark.jars.packages" not in conf


def test_without_fetched_jars_spark_resolves_the_pinned_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "local_jars", lambda: ())
    conf = configuration(some())
    assert conf["spark.jars.packages"] == jars.COORDINATE
    assert "spark.jars" not in conf


def test_a_missing_jvm_is_one_clear_fault(tmp_path: Path) -> None:
    done = in_a_process_of_its_own(
        tmp_path,
        OPENED,
        JAVA_HOME=str(tmp_path / "no-java"),
    )
    assert "Spark's JVM did not start" in done.stdout
    assert "no-java/bin/java" in done.stdout  # the tail of Spark's own log
    assert "tillpost doctor" in done.stdout
    assert done.stderr == ""


def test_a_folder_that_refuses_the_log_is_one_clear_fault(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    done = in_a_process_of_its_own(tmp_path, OPENED)
    assert "Spark's log data/logs/spark.log cannot be written: " in done.stdout
    assert done.stderr == ""


# ---------------------------------------------------------------- a session that runs


@pytest.mark.spark
@pytest.mark.jvm
def test_the_running_session_has_the_configuration(spark: SparkSession) -> None:
    assert spark.conf.get("spark.sql.session.timeZone") == "UTC"
    assert spark.conf.get("spark.sql.ansi.enabled") == "true"
    assert spark.sql("SELECT current_timezone()").first() == ("UTC",)
    assert spark.sparkContext.uiWebUrl is None


@pytest.mark.spark
@pytest.mark.jvm
def test_a_delta_table_is_written_and_read_again(spark: SparkSession, tmp_path: Path) -> None:
    place = str(tmp_path / "table")
    spark.range(3).write.format("delta").save(place)
    assert [row.id for row in spark.read.format("delta").load(place).orderBy("id").collect()] == [0, 1, 2]


@pytest.mark.spark
@pytest.mark.jvm
def test_workers_are_the_drivers_own_interpreter(spark: SparkSession) -> None:
    def who(batches):  # type: ignore[no-untyped-def]
        list(batches)
        yield pa.RecordBatch.from_pydict({"executable": [sys.executable]})

    rows = spark.range(1).coalesce(1).mapInArrow(who, "executable string").collect()
    assert [row.executable for row in rows] == [sys.executable]


@pytest.mark.spark
@pytest.mark.jvm
def test_sessions_follow_each_other_and_say_nothing_even_when_a_jvm_was_killed(tmp_path: Path) -> None:
    done = in_a_process_of_its_own(
        tmp_path,
        """
import logging
from pyspark import SparkContext
spark = spark_session(settings, app_name="first")
jvm = SparkContext._gateway.proc
stop(spark)
print(jvm.poll())
spark = spark_session(settings, app_name="second")
print(spark.range(2).count())
logging.disable()  # py4j logs the broken connection that this makes
jvm = SparkContext._gateway.proc
jvm.kill()
stop(spark)
print(jvm.poll(), SparkContext._gateway)
""",
    )
    assert done.stdout == "0\n2\n-9 None\n"
    assert done.stderr == ""
    assert [file.name for file in tmp_path.iterdir()] == ["data"]
    assert "WARN" in (tmp_path / "data" / "logs" / "spark.log").read_text()


@pytest.mark.spark
@pytest.mark.jvm
def test_spark_submit_without_deltas_jars_says_which_option_brings_them(tmp_path: Path) -> None:
    job = tmp_path / "job.py"
    job.write_text(
        "from pipelines.errors import SystemFault\n"
        "from pipelines.lakehouse.session import spark_session\n"
        "from pipelines.settings import SparkSettings\n"
        "settings = SparkSettings(\n"
        "    engine='spark', master='local[1]', driver_memory='1g', shuffle_partitions=1, conf={}\n)\n"
        "try:\n    spark_session(settings, app_name='x')\nexcept SystemFault as fault:\n    print(fault)\n"
    )
    home = Path(pyspark.__file__).parent
    submit = [str(home / "bin" / "spark-submit"), str(job)]
    environ = {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_HOME": str(home)}
    done = subprocess.run(
        submit, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=240, check=False
    )
    assert "Cannot find catalog plugin class" in done.stdout
    assert "spark-submit: --jars" in done.stdout
