"""The questions that marketers ask most, each as one SELECT: `<name>.sql`, whose first line is the question.

`tillpost ask NAME` answers one, `tillpost ask` lists them; any of them is a start for `tillpost sql`. They read gold
alone, are written in DuckDB's dialect, and give at most some dozens of rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.errors import UsageError

Answer = Callable[[str], tuple[list[str], list[list[Any]]]]
"""From a SELECT to its columns' names and its rows."""


@dataclass(frozen=True)
class Question:
    """A question: its name, its words, and the SELECT that answers it."""

    name: str
    words: str
    sql: str


@cache
def questions() -> dict[str, Question]:
    """Every question by name."""
    return {file.stem: _read(file) for file in sorted(Path(__file__).parent.glob("*.sql"))}


def find(name: str) -> Question:
    """The question of a name.

    Raises:
        UsageError: there is none.
    """
    found = questions().get(name)
    if found is None:
        raise UsageError(f"There is no question {name!r}", remedy="`tillpost ask` lists them.")
    return found


def page(answer: Answer) -> str:
    """Every question with its SELECT and the answer of a lake, as Markdown."""
    _, ((newest,),) = answer("SELECT max(as_of) AS as_of FROM gold.customer_360")
    parts = [
        "<!-- Written by `tillpost ask --page FILE`. -->\n\n# The ten questions that marketers ask most\n\n"
        f"The answers are of {_cell(newest)}. `tillpost ask NAME` answers one from your own lake.\n"
    ]
    for question in questions().values():
        columns, rows = answer(question.sql)
        lines = [columns, ["---"] * len(columns), *([_cell(value) for value in row] for row in rows)]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        parts.append(f"## {question.words}\n\n`{question.name}`\n\n```sql\n{question.sql}\n```\n\n{table}\n")
    return "\n".join(parts)


def _read(file: Path) -> Question:
    first, _, sql = file.read_text(encoding="utf-8").partition("\n")
    return Question(file.stem, first.removeprefix("--").strip(), sql.strip())


def _cell(value: Any) -> str:
    """What comes from data may hold what Markdown or HTML would take for its own."""
    text = "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
    for character, stand_in in (("&", "&amp;"), ("<", "&lt;"), ("|", "\\|"), ("\n", " ")):
        text = text.replace(character, stand_in)
    return text
