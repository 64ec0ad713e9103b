"""`tillpost simulate` refuses what cannot be before Spark starts, each with its exit code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipelines import cli
from pipelines.simulate.job import MANIFEST, claim
from pipelines.simulate.truth_tables import TABLES
from pipelines.simulate.world import World

PAGE = Path("docs/simulate.md").read_text(encoding="utf-8")


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> object:
    """Runs `tillpost simulate` with options, and gives its exit code; starting Spark fails the test."""

    def no_spark(*_: object, **__: object) -> None:
        pytest.fail("Spark was started")

    monkeypatch.setattr("pipelines.context.spark_session", no_spark)
    return lambda *options: cli.guarded(lambda: cli.app(["simulate", *options], standalone_mode=False))


@pytest.mark.parametrize(
    "options", [("--households", "0"), ("--days", "-1"), ("--faults", "0.5"), ("--stores", "9999")]
)
def test_a_number_that_cannot_be(called, tmp_path: Path, options: tuple[str, str]) -> None:  # type: ignore[no-untyped-def]
    assert called("--to", str(tmp_path / "world"), *options) == 2
    assert not (tmp_path / "world").exists()


def test_another_world_in_the_target(called, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    claim(str(tmp_path), World.checked(seed=2, households=5, start="2024-01-01", days=1, stores=2))
    before = (tmp_path / MANIFEST).read_bytes()
    assert called("--to", str(tmp_path)) == 4
    assert (tmp_path / MANIFEST).read_bytes() == before


def test_a_target_that_cannot_be_written(called, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "file").write_text("here")
    assert called("--to", str(tmp_path / "file" / "world")) == 5


def test_the_page_names_every_table_and_only_options_that_exist() -> None:
    assert [table.short for table in TABLES if f"| `{table.short}` |" not in PAGE] == []
    options = cli.COMMANDS["simulate"].__annotations__
    known = {f"--{name}" for name in options} | {"--set", "--as-of", "--help"}
    assert set(re.findall(r"(?<!-)--[a-z][a-z-]+", PAGE)) <= known
