"""Each fault of an engine is found and named; no JVM is started."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.doctor import engine
from pipelines.doctor.finding import Finding
from pipelines.errors import SystemFault
from pipelines.lakehouse import jars
from pipelines.settings import SparkSettings, load

Java = Callable[..., None]


def local(*, master: str | None = "local[*]", memory: str = "1g") -> SparkSettings:
    return SparkSettings(engine="spark", master=master, driver_memory=memory, shuffle_partitions=1, conf={})


@pytest.mark.parametrize("version", ["17.0.15", "21.0.2", "21-ea"])
def test_a_supported_java_is_right(fake_java: Java, version: str) -> None:
    fake_java(version)
    assert engine.java() == Finding("java", True, f'java, version "{version}"')


@pytest.mark.parametrize("version", ["1.8.0_392", "11.0.21", "25"])
def test_another_java_is_named_with_what_to_install(fake_java: Java, version: str) -> None:
    fake_java(version)
    found = engine.java()
    assert not found.ok
    assert version in found.detail
    assert "openjdk-17-jre-headless" in found.remedy


def test_a_java_without_the_vector_module_is_refused(fake_java: Java) -> None:
    fake_java("17.0.15", modules="java.base@17\n")
    found = engine.java()
    assert not found.ok
    assert "jdk.incubator.vector" in found.detail


def test_no_java_at_all_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert engine.java() == Finding("java", False, "java does not run", engine._INSTALL_JAVA)


def test_java_home_comes_before_the_path_as_it_does_for_spark(
    fake_java: Java, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old").mkdir()
    fake_java("11.0.1", folder="old/bin")
    fake_java("17.0.1")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "old"))
    assert "11.0.1" in engine.java().detail


def test_jars_at_fault_are_all_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "faults", lambda *, hashes: ["a.jar is missing", "b.jar is another file"])
    assert engine.delta_jars() == Finding(
        "jars",
        False,
        "a.jar is missing; b.jar is another file",
        "Run `make setup`; it fetches what is missing or wrong.",
    )


def test_a_lock_that_cannot_be_read_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*, hashes: bool) -> list[str]:
        raise SystemFault("the lock cannot be read", remedy="restore it")

    monkeypatch.setattr(jars, "faults", refuse)
    assert engine.delta_jars() == Finding("jars", False, "the lock cannot be read", "restore it")


def test_an_installed_wheel_needs_no_jars_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "LOCK", tmp_path / "jars.lock")
    monkeypatch.setattr(jars, "FOLDER", tmp_path / ".jars")
    assert engine.delta_jars().ok


def test_local_workers_are_this_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYSPARK_PYTHON", "/no/such/python")  # a local session overrides it
    found = engine.worker_python(local())
    assert found.ok
    assert found.detail.startswith(sys.executable)


def test_a_clusters_other_interpreter_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "python"
    other.write_text("#!/bin/sh\necho 3.9\n")
    other.chmod(0o755)
    monkeypatch.setenv("PYSPARK_PYTHON", str(other))
    found = engine.worker_python(local(master=None))
    assert not found.ok
    assert "is Python 3.9; the driver's is 3." in found.detail
    assert "PYSPARK_PYTHON" in found.remedy


def test_more_memory_than_the_machine_has_is_refused_with_what_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_container_limit", lambda: iter([4 << 30]))
    assert engine.memory(local(memory="3g")).ok
    found = engine.memory(local(memory="8g"))
    assert found.detail == "8.0 GiB for the driver, of 4.0 GiB"
    assert found.remedy == "Lower it, for example: --set spark.driver_memory=3g"


@pytest.mark.spark
@pytest.mark.usefixtures("spark")  # which is open, and so is the one that is looked at
def test_going_deep_writes_and_reads_a_row() -> None:
    found = engine.session(load(sets=["spark.engine=sail"]))
    assert found == Finding("session", True, "sail wrote 1 row to Delta and read it again")


def test_a_session_that_does_not_start_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise SystemFault("the JVM did not start", remedy="read its log")

    # A session may stand open: of the tests that ran before this one in the same process.
    monkeypatch.setattr("pipelines.context.SparkSession.getActiveSession", lambda: None)
    monkeypatch.setattr("pipelines.context.spark_session", refuse)
    assert engine.session(load(sets=["spark.engine=spark"])) == Finding(
        "session", False, "the JVM did not start", "read its log"
    )


@pytest.mark.parametrize(
    ("name", "what_to_do"), [("sail", "--set spark.engine=spark"), ("spark", "Spark's own words")]
)
def test_whatever_else_goes_wrong_names_what_this_engine_offers(
    monkeypatch: pytest.MonkeyPatch, name: str, what_to_do: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("out of threads\nand a trace")

    monkeypatch.setattr("pipelines.context.session", fail)
    found = engine.session(load(sets=[f"spark.engine={name}"]))
    assert (found.ok, found.detail) == (False, "out of threads")
    assert what_to_do in found.remedy
