"""The doctor finds each fault, names it, and says what to do; no JVM is started."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines import doctor
from pipelines.doctor import Finding, examine
from pipelines.errors import SystemFault
from pipelines.lakehouse import jars, vault
from pipelines.settings import Settings, SparkSettings, load

MODULES = "java.base@17\njdk.incubator.vector@17\n"
Java = Callable[..., None]


@pytest.fixture
def fake_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Java:
    """Put a `java` first on the PATH that says what a test wants it to say."""

    def install(version: str, modules: str = MODULES, folder: str = "bin") -> None:
        place = tmp_path / folder
        place.mkdir()
        says = f"-version) echo 'openjdk version \"{version}\"' >&2 ;; *) printf '{modules}' ;;"
        (place / "java").write_text(f'#!/bin/sh\ncase "$1" in {says} esac\n')
        (place / "java").chmod(0o755)
        monkeypatch.setenv("PATH", f"{place}:/usr/bin:/bin")
        monkeypatch.delenv("JAVA_HOME", raising=False)

    return install


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    places = ("lake.root", "landing.root", "exports.root", "vault.key_file", "tracking.artifacts")
    sets = [f"{key}={tmp_path / 'data' / key}" for key in places]
    return load(sets=[*sets, f"tracking.uri=sqlite:///{tmp_path}/mlflow.db", "spark.driver_memory=512m"])


def local(*, master: str | None = "local[*]", memory: str = "1g") -> SparkSettings:
    return SparkSettings(engine="spark", master=master, driver_memory=memory, shuffle_partitions=1, conf={})


# ---------------------------------------------------------------- Java


@pytest.mark.parametrize("version", ["17.0.15", "21.0.2", "21-ea"])
def test_a_supported_java_is_right(fake_java: Java, version: str) -> None:
    fake_java(version)
    assert doctor.java() == Finding("java", True, f'java, version "{version}"')


@pytest.mark.parametrize("version", ["1.8.0_392", "11.0.21", "25"])
def test_another_java_is_named_with_what_to_install(fake_java: Java, version: str) -> None:
    fake_java(version)
    found = doctor.java()
    assert not found.ok
    assert version in found.detail
    assert "openjdk-17-jre-headless" in found.remedy


def test_a_java_without_the_vector_module_is_refused(fake_java: Java) -> None:
    fake_java("17.0.15", modules="java.base@17\n")
    found = doctor.java()
    assert not found.ok
    assert "jdk.incubator.vector" in found.detail


def test_no_java_at_all_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert doctor.java() == Finding("java", False, "java does not run", doctor._INSTALL_JAVA)


def test_java_home_comes_before_the_path_as_it_does_for_spark(
    fake_java: Java, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old").mkdir()
    fake_java("11.0.1", folder="old/bin")
    fake_java("17.0.1")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "old"))
    assert "11.0.1" in doctor.java().detail


# ---------------------------------------------------------------- jars, workers, memory


def test_jars_at_fault_are_all_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "faults", lambda *, hashes: ["a.jar is missing", "b.jar is another file"])
    assert doctor.delta_jars() == Finding(
        "jars",
        False,
        "a.jar is missing; b.jar is another file",
        "Run `make setup`; it fetches what is missing or wrong.",
    )


def test_a_lock_that_cannot_be_read_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*, hashes: bool) -> list[str]:
        raise SystemFault("the lock cannot be read", remedy="restore it")

    monkeypatch.setattr(jars, "faults", refuse)
    assert doctor.delta_jars() == Finding("jars", False, "the lock cannot be read", "restore it")


def test_an_installed_wheel_needs_no_jars_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "LOCK", tmp_path / "jars.lock")
    monkeypatch.setattr(jars, "FOLDER", tmp_path / ".jars")
    assert doctor.delta_jars().ok


def test_local_workers_are_this_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYSPARK_PYTHON", "/no/such/python")  # a local session overrides it
    found = doctor.worker_python(local())
    assert found.ok
    assert found.detail.startswith(sys.executable)


def test_a_clusters_other_interpreter_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "python"
    other.write_text("#!/bin/sh\necho 3.9\n")
    other.chmod(0o755)
    monkeypatch.setenv("PYSPARK_PYTHON", str(other))
    found = doctor.worker_python(local(master=None))
    assert not found.ok
    assert "is Python 3.9; the driver's is 3." in found.detail
    assert "PYSPARK_PYTHON" in found.remedy


def test_more_memory_than_the_machine_has_is_refused_with_what_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_container_limit", lambda: iter([4 << 30]))
    assert doctor.memory(local(memory="3g")).ok
    found = doctor.memory(local(memory="8g"))
    assert found.detail == "8.0 GiB for the driver, of 4.0 GiB"
    assert found.remedy == "Lower it, for example: --set spark.driver_memory=3g"


# ---------------------------------------------------------------- places


def test_a_full_disk_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "MIN_FREE", 1 << 60)
    found = doctor.disk(str(tmp_path / "lake"))
    assert not found.ok
    assert "lake.root" in found.remedy


def test_a_place_that_cannot_be_written_names_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    found = doctor.writable("lake", str(tmp_path / "lake"), key="lake.root")
    assert found == Finding(
        "lake",
        False,
        f"{tmp_path} cannot be written: Read-only file system",
        "Mend its permissions or mount, or set lake.root to another place.",
    )


def test_looking_makes_nothing(settings: Settings, tmp_path: Path) -> None:
    assert all(found.ok for found in examine(settings) if found.check in ("lake", "landing", "exports"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("mode", "ok"), [(0o600, True), (0o400, True), (0o640, False), (0o604, False)])
def test_only_the_owner_may_read_the_key(tmp_path: Path, mode: int, ok: bool) -> None:
    key = tmp_path / "key.json"
    key.write_text("{}")
    key.chmod(mode)
    found = doctor.vault_key(str(key), may_be_made=True)
    assert found.ok is ok
    assert found.remedy == ("" if ok else f"chmod 600 {key}")


@pytest.mark.parametrize("may_be_made", [True, False])
def test_a_missing_key_is_a_fault_only_where_none_may_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, may_be_made: bool
) -> None:
    monkeypatch.delenv(vault.VARIABLE, raising=False)
    assert doctor.vault_key(str(tmp_path / "key"), may_be_made=may_be_made).ok is may_be_made


# ---------------------------------------------------------------- MLflow


def test_an_mlflow_database_that_is_none_is_found(tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    with sqlite3.connect(file) as store:
        store.execute("CREATE TABLE runs (id INTEGER)")
    assert doctor.tracking(f"sqlite:///{file}").ok
    file.write_bytes(b"this is not a database, whatever its name says" * 40)
    found = doctor.tracking(f"sqlite:///{file}")
    assert not found.ok
    assert "not a database" in found.detail


def test_a_server_that_does_not_answer_is_found() -> None:
    found = doctor.tracking("http://127.0.0.1:1")
    assert not found.ok
    assert "tracking.uri" in found.remedy


# ---------------------------------------------------------------- all of it


def test_every_fault_is_found_in_one_go_and_has_a_remedy(
    settings: Settings, fake_java: Java, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_java("11.0.1")
    monkeypatch.setattr(doctor, "MIN_FREE", 1 << 60)
    findings = examine(settings)
    faults = [found.check for found in findings if not found.ok]
    assert [name for name in faults if name != "jars"] == ["java", "disk"]
    assert all(found.remedy for found in findings if not found.ok)
    assert all(not found.remedy for found in findings if found.ok)


@pytest.mark.spark
@pytest.mark.usefixtures("spark")  # which is open, and so is the one that is looked at
def test_going_deep_writes_and_reads_a_row() -> None:
    found = doctor.session(load(sets=["spark.engine=sail"]))
    assert found == Finding("session", True, "sail wrote 1 row to Delta and read it again")


def test_a_session_that_does_not_start_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise SystemFault("the JVM did not start", remedy="read its log")

    # A session may stand open: of the tests that ran before this one in the same process.
    monkeypatch.setattr("pipelines.context.SparkSession.getActiveSession", lambda: None)
    monkeypatch.setattr("pipelines.context.spark_session", refuse)
    assert doctor.session(load(sets=["spark.engine=spark"])) == Finding(
        "session", False, "the JVM did not start", "read its log"
    )
