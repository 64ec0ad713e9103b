"""The worked example of docs/formats.md is true, and its table names every format."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipelines.landing.formats.land import found, land
from pipelines.landing.formats.registry import FORMATS
from tests.landing.formats.contract import ARRIVED, records

PAGE = Path("docs/formats.md").read_text(encoding="utf-8")
NAME = "pipelines.landing.formats.pushy"


def block(language: str) -> str:
    [only] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(only)


@pytest.fixture
def example() -> Iterator[Any]:
    module = ModuleType(NAME)
    sys.modules[NAME] = module
    exec(compile(block("python"), NAME, "exec"), module.__dict__)
    yield module
    del sys.modules[NAME]


def test_the_example_lands_as_it_says(example: Any, tmp_path: Path) -> None:
    assert example.FORMAT.name not in FORMATS, "the example has come true: choose another"
    (tmp_path / "deliveries.csv").write_text(block("csv"), encoding="utf-8")
    files = found(example.FORMAT, [tmp_path / "deliveries.csv"])
    account = land(str(tmp_path / "landing"), example.FORMAT, files, ARRIVED)
    assert (account.read, account.written, account.unreadable, account.faults) == (
        3,
        {"engagement": 3},
        1,
        [],
    )
    assert records(tmp_path / "landing")["engagement"] == [
        json.loads(line) for line in block("json").splitlines()
    ]


def test_every_format_stands_in_the_table() -> None:
    assert [name for name in FORMATS if f"| `{name}` |" not in PAGE] == []
