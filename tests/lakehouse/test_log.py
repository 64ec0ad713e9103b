"""What a table's log says without Spark: which rows stand, since when, and whether it only grew."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipelines.lakehouse import log
from pipelines.lakehouse.mark import Mark

MONDAY, TUESDAY = date(2024, 3, 4), date(2024, 3, 5)


def marked(run: str, as_of: date, **facts: object) -> str:
    blank = {"stage": "refine", "started_at": datetime.now(UTC), "code": "", "contract": "", "settings": ""}
    return Mark.model_validate({"run": run, "as_of": as_of, **blank, **facts}).dump()


def written(place: Path, *commits: dict[str, object]) -> str:
    """A table of so many commits, the first of them its creation."""
    folder = place / "_delta_log"
    folder.mkdir(parents=True)
    for version, info in enumerate(({"operation": "CREATE TABLE"}, *commits)):
        line = json.dumps({"commitInfo": {"timestamp": version, **info}}, separators=(",", ":"))
        (folder / f"{version:020}.json").write_text(line + "\n")
    return str(place)


def write(run: str, as_of: date = MONDAY) -> dict[str, object]:
    return {"operation": "WRITE", "userMetadata": marked(run, as_of)}


def restore(version: int) -> dict[str, object]:
    return {"operation": "RESTORE", "operationParameters": {"version": str(version)}}


OPTIMIZE: dict[str, object] = {"operation": "OPTIMIZE"}
STRANGER: dict[str, object] = {"operation": "DELETE"}


def seen(path: str, until: date | None) -> tuple[int, str | None]:
    head = log.head(path, until)
    assert head is not None
    return head.version, head.mark.run if head.mark else None


def test_until_a_date_later_commits_are_not_seen(tmp_path: Path) -> None:
    path = written(tmp_path, write("a"), write("b"), OPTIMIZE, write("c", TUESDAY), OPTIMIZE)
    assert seen(path, None) == (5, "c")
    assert seen(path, TUESDAY) == (5, "c")
    assert seen(path, MONDAY) == (3, "b")
    assert seen(path, date(2024, 3, 3)) == (0, None)


def test_a_table_restored_to_monday_is_mondays(tmp_path: Path) -> None:
    path = written(tmp_path, write("a"), write("b", TUESDAY), restore(1))
    assert seen(path, None) == (3, "a")
    assert seen(path, MONDAY)[1] == "a"


@pytest.mark.parametrize(
    ("between", "grew"),
    [
        ([write("b"), OPTIMIZE, write("c")], True),
        ([], True),
        ([write("b"), restore(1), write("c")], False),
        ([STRANGER, write("b")], False),
    ],
)
def test_a_table_only_grew_when_every_change_is_ours(
    tmp_path: Path, between: list[dict[str, object]], grew: bool
) -> None:
    path = written(tmp_path, write("a"), *between)
    assert log.only_grew(path, 1, 1 + len(between)) is grew


def test_a_log_that_was_cleaned_or_begun_anew_does_not_say_that_it_grew(tmp_path: Path) -> None:
    path = written(tmp_path, write("a"), write("b"), write("c"))
    (tmp_path / "_delta_log" / f"{2:020}.json").unlink()
    assert not log.only_grew(path, 1, 3)
    assert not log.only_grew(path, 5, 3)


def test_where_rows_came_from(tmp_path: Path) -> None:
    path = written(tmp_path, write("a"), write("b"), restore(1), OPTIMIZE, write("c"), restore(4))
    assert [log.source_of(path, version) for version in (1, 2, 3, 4, 5, 6)] == [1, 2, 1, 1, 5, 1]


def test_what_a_restore_undid_does_not_stand(tmp_path: Path) -> None:
    path = written(tmp_path, write("a"), write("b"), write("c"), restore(2), write("d"), restore(1))
    assert [commit.version for commit in log.standing(path)] == [1, 0]
