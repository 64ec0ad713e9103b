"""The command line as a person meets it: every wrong input gives one clear message and the exit code of its class."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cli import app, guarded

SUBCOMMANDS = (
    "attribute",
    "doctor",
    "demo",
    "land",
    "ingest",
    "refine",
    "build",
    "train",
    "score",
    "publish",
    "run",
    "rollback",
    "status",
    "tables",
    "sql",
    "ask",
    "identity",
    "models",
    "export-person",
    "erase",
    "maintain",
    "plan",
)


def tillpost(*words: str) -> int:
    return guarded(lambda: app(args=list(words), standalone_mode=False))


def test_every_subcommand_is_there() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from pipelines.cli import main; main()", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(f" {name} " in done.stdout for name in SUBCOMMANDS)


def test_every_stage_has_its_job() -> None:
    jobs = {path.stem for path in Path("jobs").glob("*.py")}
    assert {"land", "ingest", "refine", "build", "train", "score", "publish", "run"} <= jobs
    assert all(len(path.read_text(encoding="utf-8").splitlines()) <= 40 for path in Path("jobs").glob("*.py"))


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("run", "--as-of", "2017-12-31", "--set", "lake.rot=x"), 3, "did you mean lake.root"),
        (("run", "--as-of", "2017-12-31", "--conf", "conf/none.yaml"), 3, "does not exist"),
        (("run", "--as-of", "2017-12-31", "--until", "2017-12-30"), 2, "is before --as-of"),
        (("run", "--as-of", "2999-01-01"), 2, "2999-01-01 is in the future"),
        (("run", "--as-of", "2017-12-31", "--until", "2999-01-01"), 2, "2999-01-01 is in the future"),
        (("publish", "--as-of", "2999-01-01"), 2, "2999-01-01 is in the future"),
        (("tables", "--set", "lake.root={tmp}/none"), 5, "There is no lake"),
        (("sql", "select * from gold.customer_360", "--set", "lake.root={tmp}/none"), 5, "There is no lake"),
        (("ingest",), 2, "is for one date, or --continuous"),
        (("sql", "select from where"), 2, "The query is refused"),
    ],
)
def test_a_wrong_input_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, says: str
) -> None:
    assert tillpost(*(word.format(tmp=tmp_path) for word in words)) == code
    said = capsys.readouterr().err
    assert says in said
    assert "What to do:" in said
    assert "Traceback" not in said


def test_a_bug_is_one_line_and_a_trace_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        raise ZeroDivisionError("no such thing")

    assert guarded(broken) == 1
    said = capsys.readouterr().err
    assert "Unexpected ZeroDivisionError: no such thing" in said
    trace = Path(said.split("report it with")[1].strip())
    assert "ZeroDivisionError" in trace.read_text(encoding="utf-8")


def test_a_bug_is_told_where_no_file_can_be_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(**_: object) -> str:
        raise OSError(28, "No space left on device")

    def broken() -> None:
        raise ZeroDivisionError("no such thing")

    monkeypatch.setattr("tempfile.mkdtemp", full)
    assert guarded(broken) == 1
    said = capsys.readouterr().err
    assert "Unexpected ZeroDivisionError: no such thing" in said
    assert "in broken" in said


def test_workers_without_the_packed_environment_are_a_fault_of_the_machine(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def lost() -> None:
        raise RuntimeError(
            "Py4JJavaError: An error occurred while calling o135.collectToPython.\n: Job aborted: java.io.IOException: "
            'Cannot run program "./environment/bin/python": error=2, No such file or directory'
        )

    assert guarded(lost) == 5
    said = capsys.readouterr().err
    assert "Spark's workers have no Python at ./environment/bin/python" in said
    assert "--archives" in said


def test_a_full_disk_is_a_fault_of_the_machine(capsys: pytest.CaptureFixture[str]) -> None:
    def full() -> None:
        raise OSError(28, "No space left on device")

    assert guarded(full) == 5
    assert "No space left on device" in capsys.readouterr().err
