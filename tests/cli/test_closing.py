"""The line that a job ends with: one JSON object, whatever became of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import typer

from pipelines.cli import guarded
from pipelines.cli.closing import OUTCOMES, Closing, current
from pipelines.errors import DataError, TillpostError
from pipelines.lakehouse.mark import Counts
from pipelines.run import Outcome


def line(said: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


def test_what_was_done_is_added_up(capsys: pytest.CaptureFixture[str]) -> None:
    closing = Closing("build")

    def work() -> None:
        print("lines for a person")
        for day in ("2024-03-01", "2024-03-02"):
            closing.as_of.append(day)
            with closing.stage("build"):
                closing.tell(
                    Outcome("gold.a", 3, Counts(received=7, accepted=4, refused=1, duplicates=2), 0.1, "")
                )
                closing.tell(Outcome("gold.b", 1, None, 0.1, "unchanged"))

    assert guarded(work, closing) == 0
    said = line(capsys.readouterr().out)
    assert (said["outcome"], said["exit_code"], said["error"]) == ("done", 0, None)
    assert said["as_of"] == ["2024-03-01", "2024-03-02"]
    assert said["tables"] == {"written": 2, "unchanged": 2}
    assert said["rows"] == {"received": 14, "accepted": 8, "refused": 2, "duplicates": 4}
    assert list(said["stages"]) == ["build"]


@pytest.mark.parametrize(
    ("error", "outcome", "code"),
    [
        (DataError("a null key", remedy="Look."), "data", 4),
        (OSError(28, "No space left on device"), "system", 5),
        (ZeroDivisionError("x"), "bug", 1),
    ],
)
def test_a_failure_is_told_with_its_class(
    capsys: pytest.CaptureFixture[str], error: Exception, outcome: str, code: int
) -> None:
    def work() -> None:
        raise error

    assert guarded(work, Closing("run")) == code
    said = line(capsys.readouterr().out)
    assert (said["outcome"], said["exit_code"]) == (outcome, code)
    assert said["error"]["message"]
    assert said["error"]["remedy"]


@pytest.mark.parametrize("ending", [SystemExit(2), KeyboardInterrupt()])
def test_a_wrong_option_and_a_stop_end_with_a_line_too(
    capsys: pytest.CaptureFixture[str], ending: BaseException
) -> None:
    def work() -> None:
        raise ending

    code = guarded(work, Closing("run"))
    assert line(capsys.readouterr().out)["outcome"] == OUTCOMES[code]
    assert code != 0


def test_every_class_of_error_has_its_word() -> None:
    def classes(of: type[TillpostError]) -> set[int]:
        return {of.exit_code}.union(*map(classes, of.__subclasses__()))

    assert classes(TillpostError) - {TillpostError.exit_code} <= OUTCOMES.keys()


def test_a_command_finds_what_it_is_to_say_of_itself() -> None:
    found: list[Closing] = []
    probe = typer.Typer()
    probe.command("one")(lambda: found.append(current()))
    probe.command("two")(lambda: None)
    asked = Closing("one")
    assert guarded(lambda: probe(args=["one"]), asked) == 0
    assert guarded(lambda: probe(args=["one"])) == 0
    assert found[0] is asked
    assert found[1] is not asked
