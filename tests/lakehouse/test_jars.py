"""The jars are those of the lock, or there is no session."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

from pipelines.errors import SystemFault
from pipelines.lakehouse import jars
from pipelines.lakehouse.jars import Jar


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two small files in place of jars."""
    place = tmp_path / ".jars"
    place.mkdir()
    (place / "a-1.jar").write_bytes(b"alpha")
    (place / "b-2.jar").write_bytes(b"beta")
    return place


@pytest.fixture
def lock(folder: Path, tmp_path: Path) -> Path:
    """The lock that names them."""
    file = tmp_path / "jars.lock"
    lines = [f"{jar.sha256} {jar.size} {jar.name}\n" for jar in map(Jar.of, sorted(folder.iterdir()))]
    file.write_text("# a heading\n" + "".join(lines))
    return file


def test_the_committed_lock_names_delta_in_the_version_that_is_installed() -> None:
    delta, spark = importlib.metadata.version("delta-spark"), importlib.metadata.version("pyspark")
    name = f"delta-spark_{'.'.join(spark.split('.')[:2])}_2.13"
    assert f"io.delta:{name}:{delta}" == jars.COORDINATE
    assert f"io.delta_{name}-{delta}.jar" in [jar.name for jar in jars.locked()]


def test_right_jars_have_no_fault_and_are_handed_on_by_name(folder: Path, lock: Path) -> None:
    assert jars.faults(folder, lock, hashes=True) == []
    assert jars.local_jars(folder, lock) == (folder / "a-1.jar", folder / "b-2.jar")


def test_a_missing_and_a_shortened_jar_are_both_named(folder: Path, lock: Path) -> None:
    (folder / "a-1.jar").unlink()
    (folder / "b-2.jar").write_bytes(b"be")
    assert jars.faults(folder, lock, hashes=False) == ["a-1.jar is missing", "b-2.jar has 2 bytes, not 4"]
    with pytest.raises(SystemFault, match=r"a-1\.jar is missing; b-2\.jar has 2 bytes") as refused:
        jars.local_jars(folder, lock)
    assert "make setup" in refused.value.remedy


def test_another_content_of_the_same_size_is_found_by_its_hash(folder: Path, lock: Path) -> None:
    (folder / "b-2.jar").write_bytes(b"BETA")
    assert jars.faults(folder, lock, hashes=False) == []
    assert jars.faults(folder, lock, hashes=True) == [
        "b-2.jar is another file than the locked one: its SHA-256 differs"
    ]


def test_without_the_folder_no_jar_is_named(tmp_path: Path, lock: Path) -> None:
    assert jars.local_jars(tmp_path / "nowhere", lock) == ()


def test_fetching_leaves_right_jars_alone(folder: Path, lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "_resolve", lambda scratch: pytest.fail("nothing was to be resolved"))
    assert jars.fetch(folder, lock) is False


def test_fetching_mends_what_is_wrong(
    folder: Path, lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    came = tmp_path / "came"
    folder.rename(came)
    monkeypatch.setattr(jars, "_resolve", lambda scratch: came)
    assert jars.fetch(folder, lock) is True
    assert jars.faults(folder, lock, hashes=True) == []
    assert sorted(file.name for file in folder.iterdir()) == ["a-1.jar", "b-2.jar"]


def test_a_jar_that_is_not_the_locked_one_never_reaches_the_folder(
    folder: Path, lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    came = tmp_path / "came"
    folder.rename(came)
    (came / "a-1.jar").write_bytes(b"ALPHA")
    monkeypatch.setattr(jars, "_resolve", lambda scratch: came)
    with pytest.raises(SystemFault, match=r"a-1\.jar is another file") as refused:
        jars.fetch(folder, lock)
    assert "Do not use them" in refused.value.remedy
    assert not folder.exists()


@pytest.mark.parametrize("text", ["one two", "abc not-a-number a.jar"])
def test_a_lock_that_cannot_be_read_says_how_to_restore_it(tmp_path: Path, text: str) -> None:
    file = tmp_path / "jars.lock"
    file.write_text(text)
    with pytest.raises(SystemFault, match=r"jars\.lock, cannot be read") as refused:
        jars.locked(file)
    assert "git checkout" in refused.value.remedy


def test_the_command_line_reports_a_fault_with_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> bool:
        raise SystemFault("no network", remedy="find one")

    monkeypatch.setattr(jars, "fetch", refuse)
    assert jars.main([]) == SystemFault.exit_code
    assert capsys.readouterr().err == "tillpost: no network\n  What to do: find one\n"
