"""`tillpost sql` asks and changes nothing, whatever DuckDB could do. Answers from a lake: `tests/faults`."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import UsageError
from pipelines.query import select


@pytest.mark.parametrize(
    "sql", ["select 1 as n", "from (values (1)) as t(n)", "with t as (select 1 as n) from t"]
)
def test_a_question_is_answered(tmp_path: Path, sql: str) -> None:
    assert select(str(tmp_path), sql).to_pylist() == [{"n": 1}]


@pytest.mark.parametrize(
    "sql",
    [
        "copy (select 1) to '{file}'",
        "copy (pivot (select 1 as n) on n) to '{file}'",
        "attach '{file}' as other",
        "explain analyze copy (select 1) to '{file}'",
        "select 1; copy (select 1) to '{file}'",
        "set threads = 1",
        "",
    ],
)
def test_anything_else_is_refused_and_writes_nothing(tmp_path: Path, sql: str) -> None:
    with pytest.raises(UsageError, match="not one SELECT"):
        select(str(tmp_path), sql.format(file=tmp_path / "file"))
    assert list(tmp_path.iterdir()) == []
